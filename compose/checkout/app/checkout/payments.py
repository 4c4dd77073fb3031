"""The payment provider, as a third party: POST /charges takes money once per Idempotency-Key, and GET /charges tells, page by
page, what it took, whatever the shop believes.

Run: python3 -m checkout.payments        The card `tok_declined` is refused. It knows nothing of releases.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp import web

from checkout import metrics
from checkout.web import application, problem, run

RECORDS = os.environ.get("RECORDS", "/var/lib/payments/records.db")

# How long such a provider takes: it asks the card's bank.
CAPTURE_S = (0.050, 0.090)
READ_S = (0.027, 0.045)
MOST_LISTED = 1000

SCHEMA = """
CREATE TABLE IF NOT EXISTS charge (
    id TEXT PRIMARY KEY, idempotency_key TEXT NOT NULL UNIQUE, reference TEXT NOT NULL, amount_cents INTEGER NOT NULL,
    card TEXT NOT NULL, status TEXT NOT NULL, captured_at REAL NOT NULL, asked INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS charge_reference ON charge (reference);
CREATE TABLE IF NOT EXISTS refund (charge TEXT PRIMARY KEY, amount_cents INTEGER NOT NULL);
"""

CHARGE = """
SELECT charge.*, coalesce(refund.amount_cents, 0) AS refunded_cents FROM charge LEFT JOIN refund ON refund.charge = charge.id
"""

records_key = web.AppKey("records", "Records")


class Records:
    """The provider's own book, in one file; one thread writes and reads it."""

    def __init__(self, path: str) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._book = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._book.row_factory = sqlite3.Row
        self._book.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA)

    async def ask(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        def do() -> list[dict[str, Any]]:
            return [dict(row) for row in self._book.execute(statement, values).fetchall()]

        return await asyncio.get_running_loop().run_in_executor(self._thread, do)

    def close(self) -> None:
        self._thread.shutdown()
        self._book.close()


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    net_cents = row["amount_cents"] - row.get("refunded_cents", 0)
    return {**row, "card": f"•••• {row['card'][-4:]}", "net_cents": net_cents}


async def capture(request: web.Request) -> web.Response:
    """The same key gives the same charge; the same key with another amount is refused."""
    key = request.headers.get("Idempotency-Key", "")
    try:
        body = await request.json()
        reference, cents, card = str(body["reference"]), int(body["amount_cents"]), str(body["card"])
    except (json.JSONDecodeError, KeyError, TypeError, ValueError):
        return problem(400, "expected reference, amount_cents and card")
    if not key or cents <= 0:
        return problem(400, "expected an Idempotency-Key and a positive amount")
    await asyncio.sleep(random.uniform(*CAPTURE_S))
    if card == "tok_declined":
        return problem(402, "the card was declined")
    # From here to the record nothing is waited for but the book: what is in it was taken, what is not was not.
    (row,) = await request.app[records_key].ask(
        "INSERT INTO charge (id, idempotency_key, reference, amount_cents, card, status, captured_at)"
        " VALUES (?, ?, ?, ?, ?, 'captured', ?)"
        " ON CONFLICT (idempotency_key) DO UPDATE SET asked = asked + 1 RETURNING *",
        f"ch_{uuid.uuid4().hex[:20]}", key, reference, cents, card, time.time(),
    )  # fmt: skip
    if (row["reference"], row["amount_cents"]) != (reference, cents):
        return problem(422, "this Idempotency-Key was used for another charge")
    return web.json_response(_shown(row), status=201 if row["asked"] == 1 else 200)


async def charge(request: web.Request) -> web.Response:
    await asyncio.sleep(random.uniform(*READ_S))
    rows = await request.app[records_key].ask(f"{CHARGE} WHERE id = ?", request.match_info["id"])
    return web.json_response(_shown(rows[0])) if rows else problem(404, "no such charge")


async def refund(request: web.Request) -> web.Response:
    """Give a part of a charge back. A charge has one refund: the same again is the same, another amount is refused."""
    try:
        cents = int((await request.json())["amount_cents"])
    except (json.JSONDecodeError, KeyError, TypeError, ValueError):
        return problem(400, "expected amount_cents")
    await asyncio.sleep(random.uniform(*CAPTURE_S))
    book, number = request.app[records_key], request.match_info["id"]
    rows = await book.ask("SELECT amount_cents FROM charge WHERE id = ?", number)
    if not rows:
        return problem(404, "no such charge")
    if not 0 < cents <= rows[0]["amount_cents"]:
        return problem(422, "a refund is a part of its charge")
    await book.ask("INSERT INTO refund VALUES (?, ?) ON CONFLICT (charge) DO NOTHING", number, cents)
    (made,) = await book.ask("SELECT charge, amount_cents FROM refund WHERE charge = ?", number)
    if made["amount_cents"] != cents:
        return problem(422, "this charge has another refund")
    return web.json_response(made, status=201)


async def charges(request: web.Request) -> web.Response:
    """Those of a reference; without one all there are, oldest first, a page at a time: `next` is the path of the page after."""
    await asyncio.sleep(random.uniform(*READ_S))
    book = request.app[records_key]
    if "reference" in request.query:
        rows = await book.ask(f"{CHARGE} WHERE reference = ?", request.query["reference"])
        return web.json_response({"charges": [_shown(row) for row in rows]})
    asked = request.query.get("limit", "100")
    if not asked.isdecimal() or not 0 < int(asked) <= MOST_LISTED:
        return problem(400, f"a page has 1 to {MOST_LISTED} charges")
    limit, after = int(asked), request.query.get("starting_after", "")
    rows = await book.ask(
        f"{CHARGE} WHERE charge.rowid > coalesce((SELECT rowid FROM charge WHERE id = ?), 0) ORDER BY charge.rowid LIMIT ?",
        after, limit,
    )  # fmt: skip
    following = f"/charges?limit={limit}&starting_after={rows[-1]['id']}" if len(rows) == limit else None
    return web.json_response({"charges": [_shown(row) for row in rows], "next": following})


async def _hold(app: web.Application) -> AsyncIterator[None]:
    app[records_key] = Records(RECORDS)
    yield
    app[records_key].close()


def make() -> web.Application:
    app = application()
    app.router.add_post("/charges", capture)
    app.router.add_get("/charges", charges)
    app.router.add_get("/charges/{id}", charge)
    app.router.add_post("/charges/{id}/refunds", refund)
    app.cleanup_ctx.append(_hold)
    metrics.expect_routes({
        ("POST", "/charges"): (200, 201, 402, 422),
        ("POST", "/charges/{id}/refunds"): (201, 404, 422),
        ("GET", "/charges"): (200,),
        ("GET", "/charges/{id}"): (200, 404),
    })  # fmt: skip
    return app


if __name__ == "__main__":
    run(make, "payments")
