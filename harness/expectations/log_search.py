"""Failed requests looked up in the logs, all in one pass: each id names its row, so an id found is an index, and nothing is searched twice.

What is kept of a request is a handful of numbers, added up line by line: the order of the lines does not matter.
"""

from __future__ import annotations

import heapq
import mmap
import re
import sys
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from harness.blaming import Parts, Truth
from harness.expectations.base import Finder, Line, Logs
from harness.ledger import request_id, traceparent
from harness.logtext import ERROR, WARNING, Said, words

if TYPE_CHECKING:
    from harness.ledger import Rows

BEFORE_S = 1.0  # a line may be stamped so long before its request was sent: two clocks
AFTER_S = 30.0  # and so long after it was answered: logs come late

FOUND, SEVERE, CAUSE, NAMED, FALSE, ONE_LINE = 1, 2, 4, 8, 16, 32
"""Of a request: it has a line; one at WARNING or above; one that tells why; one that names who was hurt; one that accuses
somebody else; one that tells why and names."""


@dataclass(frozen=True)
class Ids:
    """The ids of some requests, `drill-RUN-WORKER-NUMBER` and W3C trace ids (lower-case hex; in a traceparent or alone), to be
    looked for in logs; each id found is the place of its row among them.

    patterns   each begins with text that is always the same, which is found much faster than one pattern of them all; with it the
               base of its numbers, what is to be taken from them, and the places of its worker's rows (-1: not asked for)
    """

    patterns: Sequence[tuple[re.Pattern[bytes], int, int, array[int]]]

    @staticmethod
    def of(run: str, rows: Rows) -> Ids:
        patterns = []
        for worker in sorted({int(worker) for worker in np.unique(rows.worker)}):
            mine = np.flatnonzero(rows.worker == worker)
            table = np.full(int(rows.number[mine].max()) + 1, -1, np.int32)
            table[rows.number[mine]] = mine
            places = array("i", table.tobytes())
            name, trace = request_id(run, worker, 0)[:-1].encode(), traceparent(run, worker, 0)[3:19].encode()
            patterns.append((re.compile(rb"%s(\d{1,10})(?!\d)" % re.escape(name)), 10, 0, places))
            patterns.append((re.compile(rb"%s([0-9a-f]{16})(?![0-9a-f])" % trace), 16, 1, places))
        return Ids(patterns)

    def finditer(self, text: bytes | mmap.mmap, start: int = 0, end: int = sys.maxsize) -> Iterator[re.Match[bytes]]:
        """As of a compiled pattern: the matches of ids that are asked for, in the order of the text."""
        each = [self._asked(text, start, end, *one) for one in self.patterns]
        yield from (match for match, _ in heapq.merge(*each, key=lambda found: found[0].start()))

    def among(self, text: str) -> set[int]:
        """The places of all ids in a line."""
        line = text.encode("utf-8", "replace")
        return {place for one in self.patterns for _, place in self._asked(line, 0, len(line), *one)}

    @staticmethod
    def _asked(
        text: bytes | mmap.mmap,
        start: int,
        end: int,
        pattern: re.Pattern[bytes],
        base: int,
        less: int,
        places: array[int],
    ) -> Iterator[tuple[re.Match[bytes], int]]:
        size = len(places)
        for match in pattern.finditer(text, start, end):
            number = int(match[1], base) - less
            if 0 <= number < size and (place := places[number]) >= 0:
                yield match, place


@dataclass(frozen=True)
class Accusing:
    """Whom lines accuse. `truths` are the cases that there are, `blames` more fields that accuse."""

    parts: Parts
    truths: Sequence[Truth]
    blames: Sequence[str] = ()

    def accused(self, said: Said, service: str) -> frozenset[str]:
        """The parts that a line accuses: by its fields, else by the words of what it says, but for its own service."""
        told = said.field(*self.blames) if self.blames else None
        name = told if isinstance(told, str) else said.accuses
        if name:
            return frozenset({self.parts.part(name)})
        return frozenset(part for word in words(said.spoken()) if (part := self.parts.known(word)) and part != service)


@dataclass(frozen=True)
class Tally:
    """By place of a request: `marks` (FOUND, …), how many `lines` bear its id, how many of them are `errors`, and
    `read`: text lines that somebody reads who looks for it."""

    marks: NDArray[np.uint8]
    lines: NDArray[np.uint32]
    errors: NDArray[np.uint32]
    read: NDArray[np.uint32]
    accused: Mapping[str, int] = field(default_factory=dict)

    def has(self, mark: int) -> NDArray[np.bool_]:
        return np.asarray((self.marks & mark) != 0)


def search(
    logs: Logs,
    services: Sequence[str],
    rows: Rows,
    run: str,
    truth: NDArray[np.intp],
    accusing: Accusing,
    done_s: NDArray[np.float64],
) -> Tally:
    """One pass over the logs of the services. `truth` says of each row which of `accusing.truths` holds, `done_s` when it ended."""
    count = len(rows)
    marks, lines, errors, read = (
        bytearray(count),
        array("L", bytes(8 * count)),
        array("L", bytes(8 * count)),
        array("L", bytes(8 * count)),
    )
    accused: dict[str, int] = {}
    if count:
        ids = Ids.of(run, rows)
        from_s, until_s = rows.sent_s - BEFORE_S, done_s + AFTER_S
        for line in found_in(logs, services, ids, float(from_s.min()), float(until_s.max())):
            places = [place for place in sorted(ids.among(line.text)) if from_s[place] <= line.at_s <= until_s[place]]
            if not places:
                continue
            said = Said(line.text)
            told, names = _marks(said), accusing.accused(said, line.service) if said.level >= WARNING else frozenset()
            for place in places:
                marks[place] |= told | _blame(told, names, line.service, accusing.truths[truth[place]])
                lines[place] += 1
                read[place] += line.text.count("\n") + 1
                errors[place] += said.level >= ERROR
            for name in names:
                accused[name] = accused.get(name, 0) + 1
    return Tally(
        np.frombuffer(bytes(marks), np.uint8),
        np.asarray(lines, np.uint32),
        np.asarray(errors, np.uint32),
        np.asarray(read, np.uint32),
        accused,
    )


def found_in(
    logs: Logs,
    services: Sequence[str],
    pattern: Finder,
    start_s: float,
    end_s: float,
    wanted: Callable[[re.Match[bytes]], bool] | None = None,
) -> Iterator[Line]:
    """Lines of several services (or patterns of them) that a pattern is found in, each once, in no order."""
    finder = cast("re.Pattern[bytes]", pattern)  # nothing but its `finditer` is used
    if len(services) == 1:
        yield from logs.matching(finder, services[0], start_s, end_s, wanted)
        return
    seen: set[tuple[str, str]] = set()
    for service in services:
        mine: set[tuple[str, str]] = set()
        for line in logs.matching(finder, service, start_s, end_s, wanted):
            if (key := (line.service, line.container)) not in seen:
                mine.add(key)
                yield line
        seen |= mine


def _marks(said: Said) -> int:
    if said.level < WARNING:
        return FOUND
    return FOUND | SEVERE | (CAUSE if said.tells_why else 0)


def _blame(told: int, names: frozenset[str], service: str, truth: Truth) -> int:
    """What a line's accusations mean for a request: a service that is hurt itself is named by its own error."""
    if not told & SEVERE:
        return 0
    named = bool(names & truth.roots) or (service in truth.roots and not names)
    false = bool(names) and not names & truth.allowed
    return (NAMED if named else 0) | (FALSE if false else 0) | (ONE_LINE if named and told & CAUSE else 0)
