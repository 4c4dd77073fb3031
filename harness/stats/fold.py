"""The one fold: the requests of a stretch of time, counted; live with what is not known yet, in judging with all.

What counts: every row intended in [start, end), but those of on_start (marked aside) and arrivals whose task asked
nothing, or nothing yet. A dropped arrival has no endpoint: it counts only where all requests are asked for, as an error without an
answer; one to another host than the service's only where it is asked for by name. An error is everything that is not `ok`. A request that got no answer (time-out, broken connection, dropped)
took for ever: that a service refuses fast makes no percentile better. One that still waits is not known: it lies
between its two extremes, so every figure here is an interval (low, high), of width 0 once all have ended.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.stats.columns import EVER_US, Block, blocks
from harness.stats.columns import FOREVER as FOREVER  # noqa: PLC0414 (what a time of the fold's may be)
from harness.stats.interval import clopper_pearson, percentile_ranks
from harness.stats.times import Interval, Times

if TYPE_CHECKING:
    from harness.ledger import Rows


@dataclass(frozen=True, eq=False)
class Fold:
    """
    counts    ended requests by outcome: ok, 4xx, 5xx, timeout, conn, wrong, dropped
    waiting   not ended yet
    gave_up   never ended, and older than the time-out when the load had ended: errors
    untold    of those that ended `wrong` how many did not say whether there was an answer: their times are not known
    answered  times to the answer, from the intended time; `service` from the sending
    """

    start_s: float
    end_s: float
    request: str
    counts: Mapping[str, int]
    waiting: int
    gave_up: int
    answered: Times = field(repr=False)
    service: Times = field(repr=False)
    untold: int = 0

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
        return self.ranked_ms(max(1, math.ceil(round(quantile * self.n, 6))), service)

    def percentile_at_least_ms(self, quantile: float, *, service: bool = False) -> float:
        """The one-sided 95 % lower bound of a percentile; 0 where there are too few requests to have one."""
        rank, _ = percentile_ranks(self.n, quantile, confidence=0.90)
        return self.ranked_ms(rank, service)[0] if rank >= 1 else 0.0

    def ranked_ms(self, rank: int, service: bool = False) -> Interval:
        """The rank-th least time (1-based)."""
        return (self.service if service else self.answered).ranked_ms(rank)

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

    counts = np.zeros(len(OUTCOMES), np.int64)
    answered, service, waiting = [], [], []
    latest_us = untold = 0
    for part in counted(rows, start_s, end_s, request, now_s):
        counts += part.outcomes()
        told, mute = part.told()
        untold += mute
        answered.append((part.answered, told))
        service.append((part.service, told))
        waiting.append((part.open_us, part.open_sent_after, part.open_sent))
        latest_us = max(latest_us, part.latest_us) if now_s is None else 0
    due_us, sent_after, was_sent = (
        np.concatenate([np.zeros(0, np.int64), *(one[i] for one in waiting)]) for i in range(3)
    )
    horizon_us = float(now_s * 1e6) if now_s is not None else float(latest_us)
    waited = np.maximum(horizon_us - due_us, 0.0) / 1e3
    was_sent = (was_sent != 0) & (due_us + sent_after <= horizon_us)
    waited_service = np.where(was_sent, np.maximum(waited - sent_after / 1e3, 0.0), 0.0)
    gave_up = np.where(was_sent, waited_service, waited) >= given_up_s * 1e3
    never = int(gave_up.sum())
    return Fold(
        start_s,
        end_s,
        request,
        {name: int(count) for name, count in zip(OUTCOMES, counts, strict=True) if name and count},
        waiting=int((~gave_up).sum()),
        gave_up=never,
        answered=Times(answered, never, np.append(waited[~gave_up], np.zeros(untold))),
        service=Times(service, never, np.append(waited_service[~gave_up], np.zeros(untold))),
        untold=untold,
    )


@dataclass(frozen=True, eq=False)
class Part:
    """Requests of a stretch that lie together, as columns; `which` of them count and `ended` which of these had (None: all).

    first     place of the first among the Rows
    begin_us  from which `due` counts, in µs
    open_us   when those that count and had not ended were due; when they were sent after that (µs), and whether they were
    """

    first: int
    begin_us: int
    due: Any
    endpoint: Any
    outcome: Any
    answered: Any
    service: Any
    which: Any
    ended: Any
    open_us: Any
    open_sent_after: Any
    open_sent: Any

    @property
    def latest_us(self) -> int:
        """When the last of those that count was due; 0 for none."""
        due = self.due if self.which is None else self.due[self.which]
        return self.begin_us + int(due.max()) if len(due) else 0

    def ended_us(self) -> Any:
        """When those that had ended were due."""
        return self.begin_us + self.of_ended(self.due).astype("int64")

    def of_ended(self, column: Any) -> Any:
        """A column's values of those that had ended."""
        import numpy as np

        return column if self.ended is None else np.compress(self.ended, column)

    def told(self) -> tuple[Any, int]:
        """Which had ended and say when, or that there was no answer (None: all); and how many had ended and say neither."""
        import numpy as np

        from harness.ledger import OUTCOMES

        untold = (self.outcome == OUTCOMES.index("wrong")) & (self.service == FOREVER)
        mute = int(np.count_nonzero(untold if self.ended is None else untold & self.ended))
        if not mute:
            return self.ended, 0
        return ~untold if self.ended is None else self.ended & ~untold, mute

    def outcomes(self) -> Any:
        """How many ended in each outcome."""
        import numpy as np

        from harness.ledger import OUTCOMES

        outcome = self.of_ended(self.outcome)
        ok = OUTCOMES.index("ok")
        other = outcome[outcome != ok]  # few
        found = np.bincount(other, minlength=len(OUTCOMES))
        found[ok] = len(outcome) - len(other)
        return found


def counted(rows: Rows, start_s: float, end_s: float, request: str, now_s: float | None) -> Iterator[Part]:
    """The requests that count in [start_s, end_s), block by block, as they were known at now_s (None: all that is known)."""
    import numpy as np

    number = rows.endpoint_number(request) if request else None
    if request and number is None:
        return
    start_us, now_us = _us(start_s), None if now_s is None else _us(now_s)
    until_us = _us(end_s) if now_us is None else min(_us(end_s), now_us + 1)
    for block in blocks(rows, start_us, until_us):
        where, mask = block.within(start_us, until_us)
        if where.start == where.stop:
            continue
        if block.counts is not None:
            mask = block.counts[where] if mask is None else mask & block.counts[where]
        mine = None if block.far is None else ~block.far[where]
        if number is not None:
            mine = block.endpoint[where] == number
        if mine is not None:
            mask = mine if mask is None else mask & mine
        at, sent_after, was_sent = _open(rows, block, where, now_us)
        if mask is not None and len(at):
            mine = mask[at]
            at, sent_after, was_sent = at[mine], sent_after[mine], was_sent[mine]
        due, ended = block.due[where], mask
        if len(at):
            ended = np.ones(len(due), bool) if mask is None else mask.copy()
            ended[at] = False
        yield Part(
            first=block.first + where.start,
            begin_us=block.begin_us,
            due=due,
            endpoint=block.endpoint[where],
            outcome=block.outcome[where],
            answered=block.answered[where],
            service=block.service[where],
            which=mask,
            ended=ended,
            open_us=block.begin_us + due[at].astype(np.int64),
            open_sent_after=sent_after,
            open_sent=was_sent,
        )


def _open(rows: Rows, block: Block, where: slice, now_us: int | None) -> tuple[Any, Any, Any]:
    """Of this slice of a block the requests that had not ended at now: their places in it, when they were sent after being due (µs), and whether they were."""
    import numpy as np

    from harness.ledger import NEVER

    mine = (block.open_ >= where.start) & (block.open_ < where.stop)
    at, sent_after, was_sent = block.open_[mine] - where.start, block.open_sent_after[mine], block.open_sent[mine]
    if now_us is None or block.ended_us <= now_us:
        return at, sent_after, was_sent
    ended_later = block.done_us(rows, where) > now_us
    ended_later[at] = False
    later = np.flatnonzero(ended_later)
    sent = rows.array["sent_us"][block.first + where.start + later]
    return (
        np.concatenate([at, later]),
        np.concatenate([sent_after, np.where(sent == NEVER, 0, sent)]),
        np.concatenate([was_sent, sent != NEVER]),
    )


def _us(at_s: float) -> int:
    if math.isinf(at_s):
        return EVER_US if at_s > 0 else -EVER_US
    return round(at_s * 1e6)
