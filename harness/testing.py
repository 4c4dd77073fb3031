"""For tests, yours too: journals and ledgers written by hand."""

from __future__ import annotations

import dataclasses
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from harness.expectations.base import Finder, Line, serves
from harness.facts import Fact, PressureSeen, ProcessorsSeen
from harness.journal import Journal, merged
from harness.ledger import rows_of
from harness.masking import Secret
from harness.series import Book, RawSeries

__all__ = ["WrittenLogs", "journal_of", "machine_of", "rows_of", "series_of"]

Points = Sequence[tuple[float, float]]


def journal_of(*facts: Fact, writer: str = "harness") -> Journal:
    """A journal of these facts, in the order in which they were seen; those without a number get one."""
    ordered = merged(facts).facts
    return Journal(
        tuple(
            dataclasses.replace(fact, writer=fact.writer or writer, number=fact.number or number)
            for number, fact in enumerate(ordered, start=1)
        )
    )


def machine_of(
    start_s: int,
    end_s: int,
    *,
    stack: float = 0.3,
    harness: float = 0.1,
    others: float = 0.0,
    steal: float = 0.0,
    waited: float = 0.8,
    processors: int = 2,
) -> tuple[Fact, ...]:
    """What was seen of a machine, once a second from start_s + 1 to end_s: how many processors each used, the rest idle.

    waited   the share of each second in which some task had to wait for a processor; one share for the whole journal, for the
             kernel counts it since the beginning
    """
    busy = stack + harness + others
    idle = processors - busy - steal
    assert idle > -1e-9, "more was used than the machine has"
    seen = ProcessorsSeen(
        over_s=1.0,
        processors=processors,
        idle_s=max(0.0, idle),
        steal_s=steal,
        busy_s=busy,
        stack_s=stack,
        harness_s=harness,
    )
    return tuple(
        fact
        for at_s in range(start_s + 1, end_s + 1)
        for fact in (
            dataclasses.replace(seen, seen_s=float(at_s)),
            PressureSeen(seen_s=float(at_s), cpu_some_us=round(at_s * waited * 1e6)),
        )
    )


def series_of(entries: Mapping[str, Sequence[tuple[Mapping[str, str], Points]]]) -> Book:
    """Raw series by selector, each with its labels and points (seconds of the run, value), ascending.

    series_of({"orders_total": [({"job": "api", "instance": "api:80"}, [(0, 0), (5, 12)])],
               "up": [({"job": "api", "instance": "api:80"}, [(0, 1), (5, 1)])]})
    """
    import numpy as np

    def one(labels: Mapping[str, str], points: Points) -> RawSeries:
        t_s, value = (np.array(column, np.float64) for column in (tuple(zip(*points, strict=True)) or ((), ())))
        return RawSeries(dict(labels), t_s, value)

    return {selector: tuple(one(labels, points) for labels, points in listed) for selector, listed in entries.items()}


class WrittenLogs:
    """Logs written by hand, for expectations. A text with ends of line is a line and those that continue it."""

    def __init__(self, lines: Sequence[Line] = (), secrets: Sequence[Secret] | None = ()) -> None:
        self._lines = tuple(lines)
        self._at_s = [line.at_s for line in self._lines]
        self._ordered = all(before <= after for before, after in pairwise(self._at_s))
        self.secrets = secrets

    def lines(self, service: str, start_s: float, end_s: float) -> Iterable[Line]:
        within = self._lines
        if self._ordered:
            within = within[bisect_left(self._at_s, start_s) : bisect_left(self._at_s, end_s)]
        return (line for line in within if serves(line.service, service) and start_s <= line.at_s < end_s)

    def matching(
        self,
        pattern: Finder,
        service: str,
        start_s: float,
        end_s: float,
        wanted: Callable[[re.Match[bytes]], bool] | None = None,
    ) -> Iterable[Line]:
        for line in self.lines(service, start_s, end_s):
            if any(wanted is None or wanted(match) for match in pattern.finditer(line.text.encode())):
                yield line

    def count(self, service: str, start_s: float, end_s: float) -> int:
        return sum(line.text.count("\n") + 1 for line in self.lines(service, start_s, end_s))
