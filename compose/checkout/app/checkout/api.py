"""The API: GET /catalog, POST /checkout, GET /orders/{id}; /healthz, /readyz, /metrics.

Run: python3 -m checkout.api
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator

from aiohttp import web

from checkout import logs, metrics, pricing
from checkout.cache import Cache
from checkout.calls import Failed
from checkout.catalog import Catalog
from checkout.orders import Checkout, Refusal
from checkout.provider import Provider
from checkout.settings import CHECKOUT_DEADLINE_S
from checkout.store import Store
from checkout.web import Unavailable, application, problem, run, stopping

store_key = web.AppKey("store", Store)
catalog_key = web.AppKey("catalog", Catalog)
checkout_key = web.AppKey("checkout", Checkout)
ready_key = web.AppKey("ready", asyncio.Event)


async def catalog(request: web.Request) -> web.Response:
    return web.Response(text=await request.app[catalog_key].text(), content_type="application/json")


async def check_out(request: web.Request) -> web.Response:
    key = request.headers.get("Idempotency-Key", "")
    if not 8 <= len(key) <= 200:
        return problem(
            400, "expected a header Idempotency-Key of 8 to 200 characters: the same for each attempt at one checkout"
        )
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return problem(400, "expected JSON")
    try:
        status, told = await request.app[checkout_key].check_out(key, body)
    except Refusal as refusal:
        return problem(refusal.status, refusal.why)
    headers = {"Location": f"/orders/{told['order']}"}
    return web.json_response(told, status=status, headers=headers)


async def order(request: web.Request) -> web.Response:
    try:
        identity = str(uuid.UUID(request.match_info["id"]))
    except ValueError:
        return problem(404, "no such order")
    try:
        found = await request.app[store_key].order(identity)
    except Failed as failed:
        raise Unavailable(failed) from failed
    if found is None:
        return problem(404, "no such order")
    found["id"] = identity
    del found["card"]
    return web.json_response(found)


async def readyz(request: web.Request) -> web.Response:
    """Send me requests: once there was a catalogue, until told to stop. Not whether every dependency is well now: they are
    shared, so all replicas would leave at once, and what still works (the catalogue, paying later) would be gone too."""
    if request.app[stopping].is_set():
        return problem(503, "stopping")
    if not request.app[ready_key].is_set():
        return problem(503, "no catalogue yet")
    return web.json_response({"status": "ready"})


async def _hold(app: web.Application) -> AsyncIterator[None]:
    store, cache, provider = Store(), Cache(), Provider()
    app[store_key], app[catalog_key] = store, Catalog(store, cache)
    app[checkout_key] = Checkout(store, provider, app[catalog_key])
    await store.open()
    starting = asyncio.ensure_future(_get_ready(app))
    yield
    starting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await starting
    await provider.close()
    await cache.close()
    await store.close()


async def _get_ready(app: web.Application) -> None:
    while True:
        try:
            await app[store_key].change_settings(pricing.NEW_SETTINGS)
            await app[catalog_key].refresh()
            break
        except (Failed, Unavailable) as error:
            logs.warning("waiting for a catalogue", dependency=error.dependency, cause=error.why)
            await asyncio.sleep(0.5)
    app[ready_key].set()
    logs.info("ready")


def make() -> web.Application:
    app = application({"/checkout": CHECKOUT_DEADLINE_S}, look=lambda app: app[store_key].count())
    app[ready_key] = asyncio.Event()
    app.router.add_get("/catalog", catalog)
    app.router.add_post("/checkout", check_out)
    app.router.add_get("/orders/{id}", order)
    app.router.add_get("/readyz", readyz)
    app.cleanup_ctx.append(_hold)
    metrics.expect_routes({
        ("GET", "/catalog"): (200, 499, 500, 503, 504),
        ("POST", "/checkout"): (201, 202, 400, 402, 422, 499, 500, 503, 504),
        ("GET", "/orders/{id}"): (200, 404, 499, 500, 503, 504),
        ("GET", "/healthz"): (200, 499),
    })  # fmt: skip
    metrics.expect_calls("postgres", "redis", "payments")
    metrics.expect_orders()
    return app


if __name__ == "__main__":
    run(make, "api")
