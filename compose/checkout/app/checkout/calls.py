"""One attempt at a dependency: timed, counted, and its failure named in one word."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import aiohttp
import psycopg
import psycopg_pool
import redis.exceptions

from checkout import deadline, defects, metrics, tracing

T = TypeVar("T")

TIMEOUTS = (
    deadline.TooLate,
    asyncio.TimeoutError,
    redis.exceptions.TimeoutError,
    psycopg_pool.PoolTimeout,
    psycopg.errors.QueryCanceled,
)
UNREACHABLE = (
    aiohttp.ClientConnectionError,
    redis.exceptions.ConnectionError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    OSError,
)


last: dict[str, str] = {}
"""How the last attempt at each dependency ended."""


class Failed(Exception):
    """A dependency failed one attempt. `outcome` is `timeout`, `unreachable` or `error`."""

    def __init__(self, dependency: str, outcome: str, why: str) -> None:
        super().__init__(f"{dependency}: {why}")
        self.dependency, self.outcome, self.why = dependency, outcome, why


async def attempt(dependency: str, limit_s: float, work: Coroutine[Any, Any, T]) -> T:
    """The work's result; Failed when the dependency failed, with the cause in words."""
    began = time.monotonic()
    outcome = "error"
    address = defects.blamed(dependency)
    try:
        with tracing.span(f"call {address}", tracing.CLIENT, {"server.address": address}) as span:
            result = await deadline.within(limit_s, work, dependency)
        last[dependency] = outcome = "ok"
        return result
    except (*TIMEOUTS, *UNREACHABLE, aiohttp.ClientError, redis.exceptions.RedisError, Refused) as error:
        outcome = (
            "timeout" if isinstance(error, TIMEOUTS) else "unreachable" if isinstance(error, UNREACHABLE) else "error"
        )
        last[dependency] = span.attributes["error.type"] = outcome
        raise Failed(
            dependency, outcome, f"{type(error).__name__}: {' '.join(str(error).split())}".strip(": ")
        ) from error
    finally:
        metrics.calls_total.labels(dependency, outcome).inc()
        metrics.call_seconds.labels(dependency).observe(time.monotonic() - began)


class Refused(Exception):
    """The dependency answered, and its answer is an error of its own."""
