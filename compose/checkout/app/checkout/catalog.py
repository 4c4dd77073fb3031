"""What is sold, for how much, and the shop's settings: from memory for a second, then from the cache, then from the database; an old one rather
than none. One asks for all: when it has become old, the first asker fetches it and nobody waits."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from checkout import logs, metrics, release
from checkout.cache import Cache
from checkout.calls import Failed
from checkout.store import Store
from checkout.web import Unavailable

FRESH_S = 1.0
# Prices change on Mondays. One that is an hour old is better than no shop.
STALE_S = 3600.0
# After a try that failed: a crowd of askers is no reason to try more often.
PAUSE_S = 0.5


class Catalog:
    def __init__(self, store: Store, cache: Cache) -> None:
        self._store, self._cache = store, cache
        self._text = ""
        self._read_at = float("-inf")
        self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self.prices_cents: dict[int, int] = {}
        self.settings: dict[str, str] = {}

    async def text(self) -> str:
        """The catalogue as JSON. Raises Unavailable when there is none at all."""
        await self.refresh()
        age_s = time.monotonic() - self._read_at
        metrics.catalog_total.labels("stale" if age_s > 10 * FRESH_S else "memory").inc()
        return self._text

    async def refresh(self) -> None:
        """Have a catalogue; wait for it only when there is none, or one that is too old to sell from."""
        age_s = time.monotonic() - self._read_at
        if age_s < FRESH_S:
            return
        now = time.monotonic()
        if (self._fetching is None or self._fetching.done()) and now - self._tried_at > PAUSE_S:
            self._tried_at = now
            self._fetching = asyncio.ensure_future(self._fetch())
            self._fetching.add_done_callback(lambda task: task.cancelled() or task.exception())
        if age_s > STALE_S and self._fetching is not None:
            try:
                await asyncio.shield(self._fetching)
            except Failed as failed:
                raise Unavailable(failed) from failed

    async def _fetch(self) -> None:
        text, source = None, "redis"
        try:
            text = await self._cache.catalog()
        except Failed as failed:
            logs.warning("the cache is done without", dependency="redis", cause=failed.why)
        if text is None:
            source = "postgres"
            try:
                rows, settings = await self._store.catalog(), await self._store.settings()
            except Failed as failed:
                logs.warning("the catalogue stays as old as it is", dependency="postgres", cause=failed.why)
                raise
            text = json.dumps({"products": rows, "settings": settings, **getattr(release, "CATALOG", {})})
            try:
                await self._cache.keep_catalog(text)
            except Failed as failed:
                logs.warning("the catalogue is not kept", dependency="redis", cause=failed.why)
        known = json.loads(text)
        products: list[dict[str, Any]] = known["products"]
        self.prices_cents = {product["sku"]: product["price_cents"] for product in products}
        self.settings = known.get("settings", {})
        self._text, self._read_at = json.dumps({"products": products}), time.monotonic()
        metrics.catalog_total.labels(source).inc()
