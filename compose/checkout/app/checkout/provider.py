"""The payment provider as we call it: time-outs, a second attempt with a key that makes it harmless, a circuit breaker."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp

from checkout import deadline, defects, logs, metrics, tracing
from checkout.breaker import Breaker
from checkout.calls import Failed, Refused, attempt
from checkout.retries import Budget, pause_s
from checkout.settings import (
    CONNECT_S,
    PAYMENT_ATTEMPT_S,
    PAYMENT_ATTEMPTS,
    PAYMENT_BUDGET_S,
    PAYMENTS_POOL,
    PAYMENTS_URL,
)

_STATES = ("closed", "half open", "open")


class Declined(Exception):
    """The provider answered, and the answer is no."""


class Provider:
    """Make within a running event loop. Verbs raise Failed when the provider cannot be had, Declined when it says no."""

    def __init__(self) -> None:
        self._budget = Budget()
        self._breaker = Breaker(self._changed)
        self._session = aiohttp.ClientSession(
            PAYMENTS_URL,
            connector=aiohttp.TCPConnector(limit=PAYMENTS_POOL, keepalive_timeout=20),
            timeout=aiohttp.ClientTimeout(total=PAYMENT_ATTEMPT_S, sock_connect=CONNECT_S),
        )

    def _changed(self, state: int) -> None:
        metrics.breaker_state.labels("payments").set(state)
        if state:
            logs.warning(f"the circuit breaker for payments is {_STATES[state]}", dependency="payments")

    async def close(self) -> None:
        await self._session.close()

    async def capture(self, order: str, cents: int, card: str) -> dict[str, Any]:
        """The charge for this order: the one there is, or a new one. The order is the key, so it is never charged twice."""
        body = {"reference": order, "amount_cents": cents, "card": card}
        return await self._ask("POST", "/charges", order, json=body)

    async def charge(self, number: str) -> dict[str, Any]:
        return await self._ask("GET", f"/charges/{number}", "")

    async def charge_for(self, order: str) -> dict[str, Any] | None:
        """The order's charge as the provider has it in its records, or None."""
        found = await self._ask("GET", "/charges", "", params={"reference": order})
        return found["charges"][0] if found["charges"] else None

    async def charges(self, path: str) -> list[dict[str, Any]]:
        """A page of all the charges there are."""
        found: list[dict[str, Any]] = (await self._ask("GET", path, ""))["charges"]
        return found

    async def refund(self, charge: str, cents: int) -> None:
        """Give so much of a charge back, once: asked again, it is the same refund."""
        await self._ask("POST", f"/charges/{charge}/refunds", charge, json={"amount_cents": cents})

    async def _ask(self, method: str, path: str, key: str, **more: Any) -> dict[str, Any]:
        self._budget.earn()
        until = time.monotonic() + min(PAYMENT_BUDGET_S, deadline.left_s())
        for number in range(1, PAYMENT_ATTEMPTS + 1):
            if not self._breaker.allows():
                metrics.calls_total.labels("payments", "skipped").inc()
                address = defects.blamed("payments")
                described = {"server.address": address, "error.type": "skipped"}
                with tracing.span(f"call {address}", tracing.CLIENT, described):
                    raise Failed("payments", "skipped", "the circuit breaker is open")
            well = False
            try:
                limit_s = min(PAYMENT_ATTEMPT_S, until - time.monotonic())
                status, said = await attempt("payments", limit_s, self._once(method, path, key, **more))
                well = True
                if status == 402:
                    raise Declined(said.get("error", ""))
                return said
            except Failed as failed:
                left_s = until - time.monotonic()
                if number == PAYMENT_ATTEMPTS or left_s < CONNECT_S or not self._budget.spend():
                    raise
                logs.warning("payments is asked again", dependency="payments", cause=failed.why, attempt=number + 1)
                metrics.retries_total.labels("payments").inc()
            finally:
                self._breaker.ended(well)
            await asyncio.sleep(pause_s(number))
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, method: str, path: str, key: str, **more: Any) -> tuple[int, dict[str, Any]]:
        headers = {"X-Request-ID": logs.request_id.get()}
        if span := tracing.current.get():
            headers["traceparent"] = span.traceparent
        if key:
            headers["Idempotency-Key"] = key
        async with self._session.request(method, path, headers=headers, **more) as answer:
            said = await answer.json(content_type=None)
            if (answer.status >= 400 and answer.status != 402) or not isinstance(said, dict):
                raise Refused(f"{method} {path.partition('?')[0]} answered {answer.status}")
            return answer.status, said
