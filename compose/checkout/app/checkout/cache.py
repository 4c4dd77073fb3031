"""Valkey (or Redis): a cache that may be missed, and a queue that may forget. Every call is short, and may fail."""

from __future__ import annotations

from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from checkout.calls import attempt
from checkout.settings import CONNECT_S, QUEUE, REDIS_POOL, REDIS_S, REDIS_URL

CATALOG_KEY = "catalog"
CATALOG_S = 5


class Cache:
    """The pool and a verb per command. A verb raises Failed."""

    def __init__(self, patience_s: float = REDIS_S) -> None:
        self._patience_s = patience_s
        pool = BlockingConnectionPool.from_url(
            REDIS_URL,
            max_connections=REDIS_POOL,
            timeout=REDIS_S,
            socket_connect_timeout=CONNECT_S,
            retry=Retry(NoBackoff(), 1),  # once, for a connection that died while it was idle
            decode_responses=True,
        )
        self._redis: Any = Redis.from_pool(pool)

    async def close(self) -> None:
        await self._redis.aclose()

    async def catalog(self) -> str | None:
        return await attempt("redis", self._patience_s, self._redis.get(CATALOG_KEY))

    async def keep_catalog(self, text: str) -> None:
        await attempt("redis", self._patience_s, self._redis.set(CATALOG_KEY, text, ex=CATALOG_S))

    async def put(self, messages: list[tuple[str, str]]) -> None:
        """Messages, each with its trace context; an entry is the two with a space between."""
        await attempt("redis", self._patience_s, self._redis.rpush(QUEUE, *map(" ".join, messages)))

    async def take(self, wait_s: float) -> tuple[str, str] | None:
        """The next message and its trace context; None when there was none for so long."""
        taken = await attempt("redis", wait_s + self._patience_s, self._redis.blpop([QUEUE], timeout=wait_s))
        if not taken:
            return None
        message, _, trace = taken[1].rpartition(" ")
        return message, trace

    async def length(self) -> int:
        return await attempt("redis", self._patience_s, self._redis.llen(QUEUE))
