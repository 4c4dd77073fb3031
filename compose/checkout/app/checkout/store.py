"""The orders database: every statement there is, each one round trip; a bounded pool; a retry where none can do harm.

A statement is sent as it is, never prepared: preparing is a second round trip, and shows exactly when the database is slow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg_pool
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from checkout import deadline, defects, logs, metrics, release, tracing
from checkout.calls import Failed, attempt
from checkout.release import VERSION
from checkout.retries import Budget, pause_s
from checkout.settings import CONNECT_S, DATABASE_POOL, DATABASE_URL, POOL_WAIT_S, STATEMENT_S

ATTEMPTS = 3

CATALOG = "SELECT sku, name, price_cents FROM product ORDER BY sku"

# A release may write columns that the schema of the one before does not have; most write none.
MORE: dict[str, Any] = getattr(release, "ORDER", {})
_NAMES = "".join(f", {name}" for name in MORE)
_VALUES = "".join(f", %({name})s" for name in MORE)

SETTINGS = "SELECT name, value FROM setting"

# What it was stays known; two replicas that begin together change it once.
CHANGE_SETTING = "UPDATE setting SET before = value, value = %(value)s WHERE name = %(name)s AND value <> %(value)s"

# One statement says what there is, whether it was there before or is new: `fresh` is true for the row just made.
OPEN = f"""
INSERT INTO orders (idempotency_key, fingerprint, items, total_cents, card, version{_NAMES})
VALUES (%(key)s, %(fingerprint)s, %(items)s, %(total_cents)s, %(card)s, %(version)s{_VALUES})
ON CONFLICT (idempotency_key) DO UPDATE SET idempotency_key = excluded.idempotency_key
RETURNING id, state, fingerprint, payment_id, total_cents, card, (xmax = 0) AS fresh
"""

# The state and the outbox's entry, together or not at all: an order that is paid is one that the worker will find.
SETTLE = """
WITH settled AS (
    UPDATE orders SET state = %(state)s, payment_id = %(payment_id)s, changed_at = now()
    WHERE id = %(id)s AND state IN ('pending', 'abandoned', 'pay_later') RETURNING id
)
INSERT INTO outbox (order_id, kind, message, trace) SELECT id, %(state)s, %(message)s, %(trace)s FROM settled
ON CONFLICT (order_id) DO UPDATE
SET kind = excluded.kind, message = excluded.message, trace = excluded.trace, due_at = now(), attempts = 0
RETURNING order_id
"""

DECLINE = """
WITH declined AS (
    UPDATE orders SET state = 'declined', changed_at = now()
    WHERE id = %(id)s AND state IN ('pending', 'abandoned', 'pay_later') RETURNING id
)
DELETE FROM outbox USING declined WHERE order_id = declined.id
"""

ORDER = f"""
SELECT id, state, items, total_cents, card, payment_id, version, created_at::text, changed_at::text{_NAMES}
FROM orders WHERE id = %(id)s
"""

TOTALS = "SELECT id::text, total_cents, version FROM orders WHERE id = ANY(%(ids)s::uuid[])"

# Handed out, and due again in half a minute: whoever took it and never ended it, the order comes back.
HAND_OUT = """
UPDATE outbox SET due_at = now() + interval '30 seconds', attempts = attempts + 1
WHERE order_id IN (SELECT order_id FROM outbox WHERE due_at <= now() ORDER BY due_at LIMIT 100 FOR UPDATE SKIP LOCKED)
RETURNING message, trace
"""

FULFIL = """
WITH done AS (
    UPDATE orders SET state = 'fulfilled', changed_at = now() WHERE id = %(id)s AND state = 'paid' RETURNING id
), gone AS (DELETE FROM outbox USING done WHERE order_id = done.id RETURNING kind)
SELECT kind FROM gone
"""

# Two seconds more with each attempt, up to a limit, and at random by a quarter, so that they do not all come back at once.
LATER = """
UPDATE outbox SET due_at = now() + make_interval(secs => least(%(most_s)s, 2.0 * attempts) * (0.75 + random() / 4))
WHERE order_id = %(id)s RETURNING attempts
"""

# Orders that were begun and never settled: the API was killed, or failed, in the middle of them.
UNSETTLED = """
SELECT id, changed_at < now() - interval '60 seconds' AS old FROM orders
WHERE state = 'pending' AND changed_at < now() - interval '10 seconds' ORDER BY changed_at LIMIT 50
"""

ABANDON = "UPDATE orders SET state = 'abandoned', changed_at = now() WHERE id = %(id)s AND state = 'pending'"

# A message that could not be handled: due again the later the oftener it failed. Asked twice it counts twice, which parks sooner.
CHOKE = """
UPDATE outbox SET failures = failures + 1, due_at = now() + make_interval(secs => 0.5 * (failures + 1))
WHERE message = %(message)s RETURNING order_id, failures
"""

PARK = """
WITH taken AS (DELETE FROM outbox WHERE message = %(message)s RETURNING order_id, kind, message, trace, created_at)
INSERT INTO parked (order_id, kind, message, trace, reason, created_at)
SELECT order_id, kind, message, trace, %(reason)s, created_at FROM taken ON CONFLICT (order_id) DO NOTHING
"""

PARKED = "SELECT count(*) AS orders FROM parked"

FORGET = "DELETE FROM outbox WHERE message = %(message)s"

# An order that is parked has not been fulfilled either: whoever bought it waits.
WAITING = """
SELECT kind, count(*) FILTER (WHERE waits) AS orders, extract(epoch FROM now() - min(created_at))::float AS oldest_s
FROM (SELECT kind, created_at, true AS waits FROM outbox UNION ALL SELECT kind, created_at, false FROM parked) AS unfulfilled
GROUP BY kind
"""

# A whole table is waited for where somebody changes it (ALTER, VACUUM FULL, LOCK): everybody who comes later waits behind him.
# It reads no table itself, and so waits for nobody.
LOCK_WAIT = """
SELECT coalesce(extract(epoch FROM max(clock_timestamp() - waitstart)), 0)::float AS wait_s
FROM pg_locks WHERE NOT granted AND locktype = 'relation'
"""


class Store:
    """The pool, and one verb per statement. A verb raises Failed when the database cannot be had in time."""

    def __init__(self) -> None:
        self._budget = Budget(share=0.2, saved=50.0)  # a whole pool of connections may break at once
        self._mending: asyncio.Task[None] | None = None
        self._pool = psycopg_pool.AsyncConnectionPool(
            DATABASE_URL,
            open=False,
            min_size=DATABASE_POOL,  # all of them from the start: making one takes five round trips, when the database is slow too
            max_size=DATABASE_POOL,
            timeout=POOL_WAIT_S,
            max_waiting=2 * DATABASE_POOL,
            reconnect_timeout=4.0,  # then the place is free for the next asker, who tries at once
            num_workers=6,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "prepare_threshold": None,
                "connect_timeout": 5,
                "keepalives_idle": 30,
                "tcp_user_timeout": 10_000,
                "application_name": f"checkout {VERSION}",
            },
        )

    async def open(self) -> None:
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close(timeout=2.0)

    async def ask(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """The statement's rows. Asked again when a connection broke: all statements can be, without changing more."""
        self._budget.earn()
        for number in range(1, ATTEMPTS + 1):
            try:
                return await attempt("postgres", STATEMENT_S, self._ask(statement, values))
            except Failed as failed:
                if failed.outcome != "unreachable" or number == ATTEMPTS or deadline.left_s() < CONNECT_S:
                    raise
                self._mend()
                if not self._budget.spend():
                    raise
                logs.warning("postgres is asked again", dependency="postgres", cause=failed.why, attempt=number + 1)
                metrics.retries_total.labels("postgres").inc()
                await asyncio.sleep(pause_s(number))
        raise AssertionError("the last attempt returns or raises")

    async def _ask(self, statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []

    def _mend(self) -> None:
        """One broken connection seldom comes alone: look at the idle ones now, before somebody gets one."""
        if self._mending is None or self._mending.done():
            self._mending = asyncio.ensure_future(self._pool.check())
            self._mending.add_done_callback(lambda task: task.cancelled() or task.exception())

    def count(self) -> None:
        """The pool's gauges, as a scrape sees them."""
        stats = self._pool.get_stats()
        size, idle = stats.get("pool_size", 0), stats.get("pool_available", 0)
        metrics.pool_connections.labels("idle").set(idle)
        metrics.pool_connections.labels("busy").set(size - idle)
        metrics.pool_waiting.set(stats.get("requests_waiting", 0))

    async def catalog(self) -> list[dict[str, Any]]:
        return await self.ask(CATALOG)

    async def settings(self) -> dict[str, str]:
        return {row["name"]: row["value"] for row in await self.ask(SETTINGS)}

    async def change_settings(self, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            await self.ask(CHANGE_SETTING, name=name, value=value)

    async def totals(self, orders: Sequence[str]) -> dict[str, tuple[int, str]]:
        """Of these orders: the total in cents, and the release that took it."""
        rows = await self.ask(TOTALS, ids=list(orders))
        return {row["id"]: (row["total_cents"], row["version"]) for row in rows}

    async def open_order(
        self, key: str, fingerprint: str, items: Sequence[dict[str, int]], total_cents: int, card: str
    ) -> dict[str, Any]:
        values = {
            "key": key,
            "fingerprint": fingerprint,
            "total_cents": total_cents,
            "card": card,
            "version": VERSION,
            **MORE,
        }
        (row,) = await self.ask(OPEN, items=Jsonb(list(items)), **values)
        return row

    async def settle(
        self, order: str, state: str, payment_id: str | None, *, message: str = "", in_hand: bool = False
    ) -> bool:
        """`paid` or `pay_later`, and in the outbox with the request's context. False when somebody else had settled it before.

        `message`: what goes into the queue for it; the order's id when left out.
        `in_hand`: the worker goes on with it at once, and the outbox is for the case that it dies in between.
        """
        name, kind = ("settle order", tracing.INTERNAL) if in_hand else ("send order", tracing.PRODUCER)
        with tracing.span(name, kind, {} if in_hand else tracing.TO_QUEUE) as span:
            trace = "" if defects.TRACE_CONTEXT_DROPPED else span.traceparent
            values = {"state": state, "payment_id": payment_id, "message": message or order, "trace": trace}
            return bool(await self.ask(SETTLE, id=order, **values))

    async def decline(self, order: str) -> None:
        await self.ask(DECLINE, id=order)

    async def order(self, order: str) -> dict[str, Any] | None:
        rows = await self.ask(ORDER, id=order)
        return rows[0] if rows else None

    async def hand_out(self) -> list[tuple[str, str]]:
        """The messages that are due, each with the context of the request that its order came by."""
        return [(row["message"], row["trace"]) for row in await self.ask(HAND_OUT)]

    async def fulfil(self, order: str) -> str | None:
        """The order's kind; None when it was fulfilled before."""
        rows = await self.ask(FULFIL, id=order)
        return rows[0]["kind"] if rows else None

    async def later(self, order: str, most_s: float) -> int:
        """Due again, the later the oftener it was tried. How often that was."""
        rows = await self.ask(LATER, id=order, most_s=most_s)
        return int(rows[0]["attempts"]) if rows else 0

    async def choked(self, message: str) -> tuple[str, int] | None:
        """The message could not be handled, and comes again. Its order, and how often that was; None when nothing waits by it."""
        rows = await self.ask(CHOKE, message=message)
        return (str(rows[0]["order_id"]), rows[0]["failures"]) if rows else None

    async def park(self, message: str, reason: str) -> None:
        """Out of the outbox and among the dead letters, together or not at all."""
        await self.ask(PARK, message=message, reason=reason)

    async def parked(self) -> int:
        """How many dead letters there are."""
        return int((await self.ask(PARKED))[0]["orders"])

    async def forget(self, message: str) -> None:
        """Out of the outbox, whatever became of it."""
        await self.ask(FORGET, message=message)

    async def unsettled(self) -> list[dict[str, Any]]:
        return await self.ask(UNSETTLED)

    async def abandon(self, order: str) -> None:
        await self.ask(ABANDON, id=order)

    async def waiting(self) -> dict[str, tuple[int, float]]:
        """Orders that wait, and the age of the oldest that is not fulfilled, parked ones among them; by kind."""
        return {row["kind"]: (row["orders"], row["oldest_s"]) for row in await self.ask(WAITING)}

    async def lock_wait_s(self) -> float:
        """How long the one who waits longest for a table has waited; 0 when nobody does."""
        (row,) = await self.ask(LOCK_WAIT)
        return float(row["wait_s"])
