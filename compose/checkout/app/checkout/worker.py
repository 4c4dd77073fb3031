"""The worker: hands out what the outbox holds, captures what is to be paid later, fulfils what is paid, sweeps, and compares
what was charged with what was ordered.

    outbox (PostgreSQL) ─relay→ queue (Redis) ─→ four at once ─→ payment, if it is still owed ─→ fulfilled, out of the outbox

An order leaves the outbox only when it is fulfilled or declined. Whatever dies in between, it is handed out again. A message that
cannot be handled comes again a few times, a little later each time, and is then parked: the rest of the queue goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from checkout import defects, logs, metrics, tracing
from checkout.cache import Cache
from checkout.calls import Failed
from checkout.provider import Declined, Provider
from checkout.reconcile import Reconciler
from checkout.settings import FINISH_S, QUEUE
from checkout.store import Store
from checkout.web import application, run

AT_ONCE = 4
RELAY_S = 0.25
COUNT_S = 1.0
# A migration that waits half a second for its table and gives up is to be seen, by scrapes that come every few seconds.
LOCKS_S = 0.2
LOCKS_SEEN_S = 5.0
SWEEP_S = 2.0
RECONCILE_S = 2.0
TAKE_S = 1.0
# What cannot be paid yet is tried again after 2 s, 4 s, 6 s, … up to this; see LATER in store.py.
LONGEST_WAIT_S = 10.0
# A day of tries: then a person must look.
GIVE_UP_AFTER = 8000
# Tries at a message that cannot be handled, before it is parked: 0.5 s and 1 s apart.
TRIES = 3


class Unreadable(Exception):
    """A message in a format that this worker does not know."""


def order_of(message: str) -> str:
    """The order that a message is about. Raises Unreadable."""
    try:
        return str(uuid.UUID(message))
    except ValueError as error:
        raise Unreadable(f"not an order's id: {message[:200]}") from error


class Worker:
    def __init__(self, store: Store, cache: Cache, provider: Provider) -> None:
        self._store, self._cache, self._provider = store, cache, provider
        self._reconciler = Reconciler(store, provider)
        self._stopping = asyncio.Event()
        self._lock_waits: deque[tuple[float, float]] = deque()

    async def work(self) -> None:
        """All of it, until told to stop; then what is in hand is finished."""
        loops = [
            self._every(RELAY_S, self._relay),
            self._every(COUNT_S, self._count),
            self._every(SWEEP_S, self._sweep),
            self._every(LOCKS_S, self._locks),
            self._every(RECONCILE_S, self._reconcile),
        ]
        await asyncio.gather(*loops, *(self._every(0, self._one) for _ in range(AT_ONCE)))

    def stop(self) -> None:
        self._stopping.set()

    async def _every(self, pause_s: float, deed: Callable[[], Awaitable[None]]) -> None:
        """Again and again. A dependency that fails is waited for, each time a little longer; nothing ends the loop."""
        failures = 0
        while not self._stopping.is_set():
            try:
                await deed()
                failures = 0
            except Failed as failed:
                failures += 1
                logs.warning("the worker waits", dependency=failed.dependency, cause=failed.why, doing=deed.__name__)
            except Exception as error:
                failures += 1
                logs.error("a defect", error, doing=deed.__name__)
            wait_s = pause_s if not failures else random.uniform(0.5, 1) * min(2.0, 0.1 * 2.0 ** min(failures, 8))
            if wait_s:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), wait_s)

    async def _relay(self) -> None:
        orders = await self._store.hand_out()
        if orders:
            await self._cache.put(orders)  # if this fails, they are due again in half a minute

    async def _one(self) -> None:
        logs.request_id.set("")  # that of the message before
        taken = await self._cache.take(TAKE_S)
        if taken is None:
            return
        message, context = taken
        if defects.WORKER_ACKS_FIRST:
            await self._store.forget(message)
        with tracing.span("process order", tracing.CONSUMER, tracing.TO_QUEUE, context=context):
            try:
                order = order_of(message)
                logs.request_id.set(f"order-{order}")
                await self._bring_to_its_end(order)
            except Failed:  # nothing is wrong with the message: a dependency is away, and it comes again
                raise
            except Exception as error:
                await self._choked(message, error)

    async def _choked(self, message: str, error: Exception) -> None:
        """The message comes again, or is parked when it has failed as often as it may."""
        reason, cause = "unreadable" if isinstance(error, Unreadable) else "defect", logs.told(error)["cause"]
        metrics.choked_total.labels(QUEUE, reason).inc()
        found = await self._store.choked(message)
        if found is None:
            logs.warning("a message that nothing waits by cannot be handled", queue=QUEUE, cause=cause)
            return
        order, failures = found
        logs.request_id.set(f"order-{order}")
        if failures < TRIES:
            logs.warning("a message cannot be handled: it comes again", queue=QUEUE, order=order, cause=cause)
            return
        await self._store.park(message, f"{reason}: {cause}")
        metrics.parked_total.labels(QUEUE, reason).inc()
        logs.error("parked: a message that cannot be handled", error, queue=QUEUE, order=order, tries=failures)

    async def _bring_to_its_end(self, identity: str) -> None:
        order = await self._store.order(identity)
        if order is None:
            metrics.lost_total.inc()
            logs.error("the queue names an order that nobody knows", order=identity)
            return
        if order["state"] == "pay_later" and not await self._pay(identity, order["total_cents"], order["card"]):
            return
        kind = await self._store.fulfil(identity)
        if kind is not None:
            metrics.fulfilled_total.labels(kind).inc()
            logs.info("fulfilled", order=identity, kind=kind)

    async def _pay(self, order: str, cents: int, card: str) -> bool:
        """Whether it is paid now."""
        try:
            charge = await self._provider.capture(order, cents, card)
        except Declined as declined:
            await self._store.decline(order)
            logs.info("declined when it was to be paid", order=order, cause=str(declined))
            return False
        except Failed as failed:
            attempts = await self._store.later(order, LONGEST_WAIT_S)
            logs.warning("not paid yet", dependency="payments", cause=failed.why, order=order, attempts=attempts)
            if attempts == GIVE_UP_AFTER:
                metrics.lost_total.inc()
                logs.error("an order has waited for its payment for a day: a person must look", order=order)
            return False
        await self._store.settle(order, "paid", charge["id"], in_hand=True)
        logs.info("paid late", order=order, payment=charge["id"], cents=cents)
        return True

    async def _sweep(self) -> None:
        """Orders that were begun and never settled: the provider's records say what became of them."""
        for row in await self._store.unsettled():
            order = str(row["id"])
            charge = await self._provider.charge_for(order)
            if charge is not None:
                if await self._store.settle(order, "paid", charge["id"]):
                    metrics.rescued_total.inc()
                    logs.warning("a payment that nobody had written down", order=order, payment=charge["id"])
            elif row["old"]:
                await self._store.abandon(order)
                logs.info("abandoned: begun, never paid", order=order)

    async def _reconcile(self) -> None:
        await self._reconciler.look()

    async def _count(self) -> None:
        waiting = await self._store.waiting()
        for kind in metrics.KINDS:
            orders, oldest_s = waiting.get(kind, (0, 0.0))
            metrics.waiting_orders.labels(kind).set(orders)
            metrics.oldest_order_seconds.labels(kind).set(oldest_s)
        metrics.parked_orders.labels(QUEUE).set(await self._store.parked())
        metrics.queue_length.set(await self._cache.length())

    async def _locks(self) -> None:
        """The longest wait for a table of the last seconds."""
        now = time.monotonic()
        self._lock_waits.append((now, await self._store.lock_wait_s()))
        while self._lock_waits[0][0] < now - LOCKS_SEEN_S:
            self._lock_waits.popleft()
        metrics.table_lock_wait_seconds.set(max(wait_s for _, wait_s in self._lock_waits))


async def _hold(app: web.Application) -> AsyncIterator[None]:
    store, cache, provider = Store(), Cache(), Provider()
    await store.open()
    worker = Worker(store, cache, provider)
    working = asyncio.ensure_future(worker.work())
    yield
    worker.stop()
    await asyncio.wait((working,), timeout=FINISH_S)
    working.cancel()
    await provider.close()
    await cache.close()
    await store.close()


def make() -> web.Application:
    app = application()
    app.cleanup_ctx.append(_hold)
    metrics.expect_calls("postgres", "redis", "payments")
    metrics.expect_work()
    return app


if __name__ == "__main__":
    run(make, "worker")
