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


@dataclass(frozen=True, eq=False)
class Fold:
    """
    counts    ended requests by outcome: ok, 4xx, 5xx, timeout, conn, wrong, dropped
    waiting   not ended yet
    gave_up   never ended, and older than the time-out when the load had ended: errors
    answered  times to the answer in ms, from the intended time, infinite without one; `service` from the sending
    waited    how long those that wait have waited, from the intended time; `waited_service` from the sending
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
        high = float(np.partition(known, rank - 1)[rank - 1]) if rank <= len(known) else math.inf
        if not len(waited):
            return high, high
        return float(np.partition(np.concatenate([known, waited]), rank - 1)[rank - 1]), high

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

    from harness.ledger import ASIDE, DONE, NEVER, OUTCOMES

    until_us = _us(end_s) if now_s is None else min(_us(end_s), _us(now_s) + 1)
    part = rows.select(span(rows, _us(start_s), until_us))
    array = part.array
    intended = array["intended_us"]
    mask = (intended >= _us(start_s)) & (intended < until_us) & ((array["flags"] & ASIDE) == 0)
    mask &= (array["state"] != DONE) | (array["outcome"] != 0)
    if request:
        mask &= part.at_endpoint(request)

    due, sent, took = intended[mask], array["sent_us"][mask], array["took_us"][mask]
    outcome, done = array["outcome"][mask], array["state"][mask] == DONE
    sent_after = np.where(sent == NEVER, 0, sent).astype(np.int64)
    took_after = np.where(took == NEVER, 0, took).astype(np.int64)
    ended = done if now_s is None else done & (due + sent_after + took_after <= _us(now_s))

    no_answer = (sent == NEVER) | (took == NEVER)
    for name in ("timeout", "conn", "dropped"):
        no_answer |= outcome == OUTCOMES.index(name)
    answered = np.where(no_answer, np.inf, (sent_after + took_after) / 1e3)[ended]
    service = np.where(no_answer, np.inf, took_after / 1e3)[ended]
    counts = np.bincount(outcome[ended], minlength=len(OUTCOMES))

    horizon_us = float(now_s * 1e6) if now_s is not None else float(due.max(initial=0))
    open_ = ~ended
    waited = np.maximum(horizon_us - due[open_], 0.0) / 1e3
    was_sent = (sent[open_] != NEVER) & (due[open_] + sent_after[open_] <= horizon_us)
    waited_service = np.where(was_sent, np.maximum(waited - sent_after[open_] / 1e3, 0.0), 0.0)
    gave_up = np.where(was_sent, waited_service, waited) >= given_up_s * 1e3
    never = np.full(int(gave_up.sum()), np.inf)
    return Fold(
        start_s,
        end_s,
        request,
        {name: int(count) for name, count in zip(OUTCOMES, counts, strict=True) if name and count},
        waiting=int((~gave_up).sum()),
        gave_up=len(never),
        answered=np.concatenate([answered, never]),
        service=np.concatenate([service, never]),
        waited=waited[~gave_up],
        waited_service=waited_service[~gave_up],
    )


def _us(at_s: float) -> int:
    if math.isinf(at_s):
        return (1 << 62) if at_s > 0 else -(1 << 62)
    return round(at_s * 1e6)
