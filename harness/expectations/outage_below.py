"""Users are without an answer no longer than this: the outage in seconds, as they saw it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.requests import cites, now_s, stretch
from harness.facts import LoadEnded
from harness.journal import Window
from harness.quantities import Seconds, spell
from harness.stats.fold import FOREVER, counted
from harness.stats.outages import Outages, outages
from harness.verdict import Finding, Measure, failed, inconclusive, passed

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESOLVED = 2.0  # one bad arrival alone may be an outage from the arrival before it to the one after it


class OutageBelow(Expectation):
    """Users are without a good answer for no longer than this, in one stretch or all together.

        expect:
          - outage_below: {request: POST /checkout, total: 3s, longest: 2s}
          - outage_below: {longest: 1s, slower: 2s}

    Units:   seconds, on the time at which requests were due. Without `request`: all requests together.
    Counts:  the stretches of the phase in which no request that was due was answered well (`ok`; with `slower`, also
             within so long after it was due). Each lasted from its first bad request to its last at the least, and from
             the good one before to the good one after at the most.
    Decides: by the exact count of this run, once the phase is over. Passed when the most that it can have been is within
             the limit, failed when the least is beyond; in between it is inconclusive, as it is where none was due for
             longer than the limit. Limits below two mean arrivals are refused: one bad answer alone could exceed them.
             It says nothing of a service that fails some requests and answers others at the same time: errors_below does.
    Source:  the ledger; harness/stats/outages.py. An arrival that was dropped counts as bad among all requests.
    """

    word: ClassVar[str] = "outage_below"
    timed: ClassVar[tuple[str, ...]] = ("outage_too_long",)
    by_errors: ClassVar[bool] = True

    request: str = Field(default="", description="a request's name, such as POST /checkout; all when left out")
    total_s: Seconds | None = Field(default=None, alias="total", description="of all stretches together")
    longest_s: Seconds | None = Field(default=None, alias="longest", description="of the longest stretch")
    slower_s: Seconds | None = Field(
        default=None, alias="slower", description="an answer that took longer is no good one"
    )

    @model_validator(mode="after")
    def _says_something(self) -> OutageBelow:
        if self.total_s is None and self.longest_s is None:
            raise ValueError("outage_below needs at least one of total, longest")
        if 0.0 in (self.total_s, self.longest_s, self.slower_s):
            raise ValueError("a limit of 0 s cannot be kept: errors_below with 0% allows no error")
        return self

    def about(self) -> str:
        return self.request or "all"

    @property
    def _least_s(self) -> float:
        return min(limit for limit in (self.total_s, self.longest_s) if limit is not None)

    def undecidable(self, reach: Reach) -> str:
        if reach.arrivals * self._least_s >= RESOLVED * reach.window_s:
            return ""
        return (
            f"about {reach.arrivals:.0f} requests are due in {reach.window_s:g} s, one in {reach.window_s / max(reach.arrivals, 1e-9):.2g} s: "
            f"a single bad answer could be an outage of more than {spell(self._least_s)}"
        )

    def needs(self, reach: Reach) -> str:
        return f"{math.ceil(RESOLVED * reach.window_s / self._least_s)} requests"

    def check(self, evidence: Evidence) -> Finding:
        found = stretch(evidence, self.request)
        if isinstance(found, Finding):
            return found
        window, _ = found
        due = _Due.of(evidence, window, self.request, self.slower_s or math.inf)
        least = outages(due.at_s, due.bad, window.start_s, window.end_s)
        most = outages(due.at_s, due.bad | due.open, window.start_s, window.end_s)
        sides = [
            _Side("in all", (least.total[0], most.total[1]), self.total_s),
            _Side("at the longest", (least.longest[0], most.longest[1]), self.longest_s),
        ]
        limited = [side for side in sides if side.limit_s is not None]
        what = self.request or "any request"
        said = f"no good answer to {what} for {' and '.join(side.said for side in sides)} ({_count(most)})"
        cited = (*cites(evidence), *due.cites(evidence, most))
        over = [side for side in limited if side.low_s > (side.limit_s or 0)]
        measure = (over or limited)[0].measure
        if over:
            return failed(said, reason="outage_too_long", measure=measure, cites=cited)
        near = [side for side in limited if side.high_s > (side.limit_s or 0)]
        if near and due.open.any():
            decide = "the answers to the requests that were still waiting"
            return inconclusive(said, reason="unanswered", decide=decide, measure=near[0].measure, cites=cited)
        if near:
            decide = "more arrivals, so that its ends are known better"
            return inconclusive(said, reason="too_near", decide=decide, measure=near[0].measure, cites=cited)
        gap_s = due.gap_s(window)
        if gap_s > self._least_s:
            return inconclusive(
                f"{said}, but none was due for {gap_s:.1f} s: an outage beyond the limit would not have been seen",
                reason="too_few",
                decide=f"a request due at least every {spell(self._least_s)}",
                measure=measure,
                cites=cited,
            )
        return passed(said, measure=measure, cites=cited)


@dataclass(frozen=True)
class _Side:
    """One figure, between low and high, and its limit where the claim has one."""

    words: str
    span_s: tuple[float, float]
    limit_s: float | None

    @property
    def low_s(self) -> float:
        return self.span_s[0]

    @property
    def high_s(self) -> float:
        return self.span_s[1]

    @property
    def measure(self) -> Measure:
        return Measure(round(self.low_s, 3), round(self.high_s, 3), "s", "census")

    @property
    def said(self) -> str:
        limit = f", limit {spell(self.limit_s)}" if self.limit_s is not None else ""
        return f"{self.low_s:.2f} to {self.high_s:.2f} s {self.words}{limit}"


@dataclass(frozen=True, eq=False)
class _Due:
    """What was due in the window, in that order: when, whether it was answered badly, whether nobody knows yet; its place."""

    at_s: NDArray[Any]
    bad: NDArray[Any]
    open: NDArray[Any]
    place: NDArray[Any]

    @staticmethod
    def of(evidence: Evidence, window: Window, request: str, slower_s: float) -> _Due:
        import numpy as np

        from harness.ledger import OUTCOMES

        until_s, ended = now_s(evidence.journal), evidence.journal.last(LoadEnded) is not None
        limit_us = min(slower_s * 1e6, FOREVER - 1)
        found: list[tuple[Any, ...]] = []
        for part in counted(evidence.rows, window.start_s, window.end_s, request, until_s):
            mine = np.ones(len(part.due), bool) if part.which is None else part.which
            done = np.ones(len(part.due), bool) if part.ended is None else part.ended
            at_s = (part.begin_us + part.due.astype(np.int64)) / 1e6
            good = done & (part.outcome == OUTCOMES.index("ok")) & (part.answered <= limit_us)
            given_up = ~done & ended & (until_s - at_s >= evidence.timeout_s)
            late = ~done & (until_s - at_s > slower_s)
            bad = (done & ~good) | given_up | late
            place = part.first + np.arange(len(part.due))
            found.append(tuple(column[mine] for column in (at_s, bad, ~good & ~bad, place)))
        columns = [np.concatenate(column) for column in zip(*found, strict=True)]
        order = np.argsort(columns[0], kind="stable")
        return _Due(*(column[order] for column in columns))

    def gap_s(self, window: Window) -> float:
        """The longest time in which none was due."""
        import numpy as np

        return float(np.diff(np.concatenate([[window.start_s], self.at_s, [window.end_s]])).max())

    def cites(self, evidence: Evidence, seen: Outages) -> Sequence[str]:
        """The first and the last bad one of the longest stretch."""
        if not seen.stretches:
            return ()
        places = dict.fromkeys((int(self.place[seen.first]), int(self.place[seen.last])))
        return tuple(evidence.rows.cite(place) for place in places)


def _count(seen: Outages) -> str:
    if not seen.stretches:
        return "every one was answered well"
    return "1 stretch" if seen.stretches == 1 else f"{seen.stretches} stretches"
