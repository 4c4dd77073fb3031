"""The failed requests and what the logs say of them; and what a person is shown of it, to check it by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.expectations.base import Logs
from harness.expectations.failed_requests import FailedRequests
from harness.expectations.log_clocks import Times
from harness.expectations.log_limits import Limit
from harness.expectations.log_search import (
    AFTER_S,
    BEFORE_S,
    CAUSE,
    FALSE,
    FOUND,
    NAMED,
    ONE_LINE,
    Ids,
    Tally,
    found_in,
    names_of,
    order,
    unread_of,
)
from harness.journal import Window
from harness.ledger import request_id, traceparent
from harness.verdict import Details, Measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

EXAMPLES = 3


@dataclass(frozen=True, eq=False)
class Looked:
    """
    failed   the failed requests of the run `run`, `tally` what the logs say of each
    judged   those that surely reached the service, `open` those that may still get lines
    blind    why lines may be missing; lines are known until known_s
    times    what the lines say of when they were written
    """

    run: str
    failed: FailedRequests
    tally: Tally
    judged: Mask
    open: Mask
    blind: str
    known_s: float
    times: Times

    @property
    def at_worst(self) -> Looked:
        """The same where all of which no line tells reached the service."""
        return replace(self, judged=np.ones_like(self.judged))

    @property
    def more(self) -> int:
        """How many requests may yet be judged: those that have not ended, and broken connections that may get a line."""
        return self.failed.waiting + int((self.failed.maybe & ~self.judged & self.open).sum())

    @property
    def measure(self) -> Measure:
        """The share that is found, in percent: an interval while some may still get lines."""
        judged, has = self.judged, self.tally.has(FOUND)
        n, lacking = int(judged.sum()), judged & ~has
        low = 100 * (n - int(lacking.sum())) / n
        high = 100 * (n - int((lacking & ~self.open).sum())) / n
        return Measure(low, high, "% found", "census" if low == high else "censored")

    def said(self, limits: Sequence[Limit]) -> str:
        """The shares among the limits, how many lines one reads for a request, and what is told of other limits though they are kept."""
        tally, found = self.tally, self.failed
        read = np.sort(tally.read[self.judged & tally.has(FOUND)])
        least = (
            f"; one reads {_lines(int(read[len(read) // 2]))} in the median, at most {int(read[-1])}"
            if len(read)
            else ""
        )
        exempt = f"; {found.exempt} more never reached the service" if found.exempt else ""
        stated = f"; {found.stated} more were answered in front of it, as `in_front` states" if found.stated else ""
        shares = ", ".join(limit.said for limit in limits if limit.what == "share")
        return f"of {int(self.judged.sum())} failed requests {shares}{least}{exempt}{stated}{''.join(limit.aside for limit in limits)}"

    def details(self, window: Window, limits: Sequence[Limit]) -> Details:
        """What somebody checks it by: each number with its limit, three requests, and how to look for them by hand."""
        tally, judged = self.tally, self.judged
        n = int(judged.sum())
        once = int((judged & (tally.errors == 1)).sum())
        twice = int((judged & (tally.errors > 1)).sum())
        told = [(limit.what, limit.said) for limit in limits]
        told += [
            ("window", f"{window.start_s:.3f} s to {window.end_s:.3f} s"),
            ("error lines a request", f"{once} of {n} have exactly one, {twice} more than one (no limit)"),
            (
                "one line tells it all",
                f"{int((judged & tally.has(ONE_LINE)).sum())} of {n}: cause and name in the same line",
            ),
        ]
        if unread := unread_of(tally.levels):
            told.append(("levels", unread))
        if tally.strangers:
            told.append(("unknown names", f"{names_of(tally.strangers)}: aliases?"))
        if tally.accused:
            told.append(("accused", ", ".join(f"{name} in {n} lines" for name, n in sorted(tally.accused.items()))))
        shown = self._examples
        if shown:
            ids = [self._id(place) for place in shown]
            trace = [self._trace(place) for place in shown]
            told += [
                ("requests", ", ".join(ids)),
                ("query", f"grep -hE '{ids[0]}|{trace[0]}' logs/*.log"),
            ]
        return tuple(told)

    @cached_property
    def _examples(self) -> list[int]:
        """Three requests that show it: first those that lack most."""
        tally = self.tally
        wrong = [tally.has(FOUND), tally.has(CAUSE), tally.has(NAMED) | ~self.failed.sure, ~tally.has(FALSE)]
        score = np.sum([np.where(good, 0, 4 - i) for i, good in enumerate(wrong)], axis=0)
        places = np.flatnonzero(self.judged)
        return [int(place) for place in places[np.argsort(-score[places], kind="stable")][:EXAMPLES]]

    def cited(self, logs: Logs, services: Sequence[str]) -> tuple[str, ...]:
        """Rows of three requests that lack something, and the lines that they do have (none that holds a secret)."""
        from harness.masking import find

        shown, rows = self._examples, self.failed.rows
        ids = Ids.of(self.run, rows.select(shown))
        sent_s, done_s = rows.sent_s[shown], self.failed.done_s[shown]
        between = (float(sent_s.min()) - BEFORE_S, float(done_s.max()) + AFTER_S)
        seen = [line for line in found_in(logs, services, ids, *between) if not find(line.text)]
        seen.sort(key=order)
        return (*(rows.cite(place) for place in shown), *dict.fromkeys(line.cite for line in seen[:EXAMPLES]))

    def _id(self, place: int) -> str:
        rows = self.failed.rows
        return request_id(self.run, int(rows.worker[place]), int(rows.number[place]))

    def _trace(self, place: int) -> str:
        rows = self.failed.rows
        return traceparent(self.run, int(rows.worker[place]), int(rows.number[place]))[3:35]


def _lines(n: int) -> str:
    return f"{n} line{'' if n == 1 else 's'}"
