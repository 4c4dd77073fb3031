"""The one fold: the requests of a stretch of time, counted; live with what is not known yet, in judging with all.

What counts: every row intended in [start, end), but those of on_start (marked aside) and arrivals whose task asked
nothing. A dropped arrival has no endpoint: it counts only where all requests are asked for, as an error without an
answer. An error is everything that is not `ok`. A request that got no answer (time-out, broken connection, dropped)
took for ever: that a service refuses fast makes no percentile better. One that still waits is not known: it lies
between its two extremes, so every figure here is an interval (low, high), of width 0 once all have ended.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.stats.interval import clopper_pearson, percentile_ranks
from harness.stats.span import span

if TYPE_CHECKING:
    from harness.ledger import Rows

Interval = tuple[float, float]
UNANSWERED = ("timeout", "conn", "dropped")
FOREVER = 0xFFFFFFFF  # µs of a request without an answer; the longest that can be told apart from it is 71 minutes
BLOCK = (
    1 << 17
)  # rows looked at together: so many fit a processor's cache, and no column of a large ledger is copied whole


@dataclass(frozen=True, eq=False)
class Fold:
    """
    counts    ended requests by outcome: ok, 4xx, 5xx, timeout, conn, wrong, dropped
    waiting   not ended yet
    gave_up   never ended, and older than the time-out when the load had ended: errors
    answered  times to the answer in µs, from the intended time, FOREVER without one; `service` from the sending
    waited    how long (ms) those that wait have waited, from the intended time; `waited_service` from the sending
    """

    start_s: float
    end_s: float
    request: str
    counts: Mapping[str, int]
    waiting: int
    gave_up: int
    answered: Any = field(repr=False)
    service: Any = field(repr=False)
    waited: Any = field(repr=False)
    waited_service: Any = field(repr=False)

    @property
    def n(self) -> int:
        return sum(self.counts.values()) + self.waiting + self.gave_up

    @property
    def ok(self) -> int:
        return self.counts.get("ok", 0)

    @property
    def errors(self) -> int:
        """Everything that ended other than ok, and what was never answered."""
        return sum(self.counts.values()) - self.ok + self.gave_up

    @property
    def dropped(self) -> int:
        return self.counts.get("dropped", 0)

    def errors_but(self, *allowed: str) -> int:
        """Errors without those of the allowed outcomes."""
        return self.errors - sum(self.counts.get(name, 0) for name in allowed)

    def error_ratio(self, *allowed: str) -> Interval | None:
        """Share of errors: low if all that wait end well, high if none does. None without requests."""
        if self.n == 0:
            return None
        errors = self.errors_but(*allowed)
        return errors / self.n, (errors + self.waiting) / self.n

    def error_interval(self, *allowed: str) -> Interval:
        """Clopper-Pearson, 95 %: what a like run could have shown. For information; this run's count is exact."""
        return clopper_pearson(self.errors_but(*allowed), self.n)

    def percentile_ms(self, quantile: float, *, service: bool = False) -> Interval | None:
        """The least value that this share of requests does not exceed (nearest rank). None without requests."""
        if self.n == 0:
            return None
        return self._ranked(max(1, math.ceil(round(quantile * self.n, 6))), service)

    def percentile_at_least_ms(self, quantile: float, *, service: bool = False) -> float:
        """The one-sided 95 % lower bound of a percentile; 0 where there are too few requests to have one."""
        rank, _ = percentile_ranks(self.n, quantile, confidence=0.90)
        return self._ranked(rank, service)[0] if rank >= 1 else 0.0

    def _ranked(self, rank: int, service: bool) -> Interval:
        """The rank-th value (1-based): low with those that wait at what they waited, high with them at infinity."""
        import numpy as np

        known, waited = (self.service, self.waited_service) if service else (self.answered, self.waited)
        high = _ms(int(np.partition(known, rank - 1)[rank - 1])) if rank <= len(known) else math.inf
        if not len(waited):
            return high, high
        known_ms = np.where(known == FOREVER, np.inf, known / 1e3)
        return float(np.partition(np.concatenate([known_ms, waited]), rank - 1)[rank - 1]), high

    @property
    def rate_per_s(self) -> float:
        """Requests intended per second."""
        return self.n / (self.end_s - self.start_s) if self.end_s > self.start_s else 0.0

    @property
    def ok_per_s(self) -> Interval:
        """Requests answered `ok` per second."""
        length_s = self.end_s - self.start_s
        return (self.ok / length_s, (self.ok + self.waiting) / length_s) if length_s > 0 else (0.0, 0.0)


def fold(
    rows: Rows,
    start_s: float,
    end_s: float,
    *,
    request: str = "",
    now_s: float | None = None,
    given_up_s: float = math.inf,
) -> Fold:
    """Count the requests intended in [start_s, end_s).

    now_s       known is what had happened until then: live it is now, in judging the journal's end (None: all of it)
    given_up_s  a request that has waited so long since it was sent, or due, is taken to be never answered. Say so only
                once the load has ended: until then an answer may still come.
    """
    import numpy as np

    from harness.ledger import OUTCOMES

    until_us = _us(end_s) if now_s is None else min(_us(end_s), _us(now_s) + 1)
    where = span(rows, _us(start_s), until_us)
    number = rows.endpoint_number(request) if request else None
    blocks = [
        _block(rows.array[i : min(i + BLOCK, where.stop)], _us(start_s), until_us, now_s, number)
        for i in range(where.start, where.stop if number is not None or not request else where.start, BLOCK)
    ]
    counts = sum((block.counts for block in blocks), np.zeros(len(OUTCOMES), np.int64))
    due, sent_after, sent = (np.concatenate([np.zeros(0, np.int64), *(b.open_[i] for b in blocks)]) for i in range(3))

    latest_us = max((block.latest_us for block in blocks), default=0)
    horizon_us = float(now_s * 1e6) if now_s is not None else float(latest_us)
    waited = np.maximum(horizon_us - due, 0.0) / 1e3
    was_sent = (sent != 0) & (due + sent_after <= horizon_us)
    waited_service = np.where(was_sent, np.maximum(waited - sent_after / 1e3, 0.0), 0.0)
    gave_up = np.where(was_sent, waited_service, waited) >= given_up_s * 1e3
    never = np.full(int(gave_up.sum()), FOREVER, np.uint32)
    return Fold(
        start_s,
        end_s,
        request,
        {name: int(count) for name, count in zip(OUTCOMES, counts, strict=True) if name and count},
        waiting=int((~gave_up).sum()),
        gave_up=len(never),
        answered=np.concatenate([*(block.answered for block in blocks), never]),
        service=np.concatenate([*(block.service for block in blocks), never]),
        waited=waited[~gave_up],
        waited_service=waited_service[~gave_up],
    )


@dataclass(frozen=True, eq=False)
class _Block:
    """Of some rows: ended ones counted by outcome, their times in µs, and of those that wait (due, sent after, was sent)."""

    counts: Any
    answered: Any
    service: Any
    open_: tuple[Any, Any, Any]
    latest_us: int


def _block(array: Any, start_us: int, until_us: int, now_s: float | None, endpoint: int | None) -> _Block:
    import numpy as np

    from harness.ledger import ASIDE, DONE, NEVER, OUTCOMES

    intended = array["intended_us"]
    mask = (intended >= start_us) & (intended < until_us) & ((array["flags"] & ASIDE) == 0)
    mask &= (array["state"] != DONE) | (array["outcome"] != 0)
    if endpoint is not None:
        mask &= array["endpoint"] == endpoint
    part = array if mask.all() else array[mask]

    due, sent, took, outcome = (
        np.ascontiguousarray(part[name]) for name in ("intended_us", "sent_us", "took_us", "outcome")
    )
    never_sent = sent == NEVER
    no_answer = never_sent | (took == NEVER) | np.array([name in UNANSWERED for name in OUTCOMES])[outcome]
    sent_after = np.where(never_sent, 0, sent).astype(np.int64)
    answered_us = sent_after + np.where(took == NEVER, 0, took)
    ended = part["state"] == DONE
    if now_s is not None:
        ended &= due + answered_us <= _us(now_s)

    answered = np.where(no_answer, FOREVER, np.minimum(answered_us, FOREVER - 1)).astype(np.uint32)
    service = np.where(no_answer, np.uint32(FOREVER), took)
    open_ = ~ended
    return _Block(
        np.bincount(outcome[ended], minlength=len(OUTCOMES)),
        answered[ended],
        service[ended],
        (due[open_], sent_after[open_], ~never_sent[open_]),
        int(due.max(initial=0)),
    )


def _ms(value_us: int) -> float:
    return math.inf if value_us == FOREVER else value_us / 1e3


def _us(at_s: float) -> int:
    if math.isinf(at_s):
        return (1 << 62) if at_s > 0 else -(1 << 62)
    return round(at_s * 1e6)
