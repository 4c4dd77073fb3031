"""Failed requests looked up in the logs, all in one pass: each id names its row, so an id found is an index, and nothing is searched twice.

What is kept of a request is a handful of numbers, added up line by line: the order of the lines does not matter.
"""

from __future__ import annotations

import heapq
import mmap
import re
import sys
from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.blaming import Truth
from harness.expectations.base import Finder, Line, Logs
from harness.expectations.log_named import Accusing, Named
from harness.facts import LoadSaid
from harness.journal import Journal
from harness.ledger import request_id, traceparent
from harness.logcause import Why, own_words, why
from harness.loglevels import ERROR, UNREAD, WARNING
from harness.logtext import Said
from harness.logwords import words

if TYPE_CHECKING:
    from harness.ledger import Rows

BEFORE_S = 1.0  # a line may be stamped so long before its request was sent: two clocks
AFTER_S = 30.0  # and so long after it was answered: logs come late

FOUND, SEVERE, CAUSE, NAMED, FALSE, ONE_LINE = 1, 2, 4, 8, 16, 32
"""Of a request: it has a line; one at WARNING or above; one that tells why; one that names who was hurt; one that accuses
somebody else; one that tells why and names."""


@dataclass(frozen=True)
class Ids:
    """The ids of some requests, to be looked for in logs; each id found is the place of its row among them.

    `drill-RUN-WORKER-NUMBER`, and W3C trace ids (in a traceparent or alone) as loggers write them: in lower or upper case, as
    a UUID, as AWS X-Ray does (1-8-24 digits), and, where one worker sent them all, as Datadog does (dd.trace_id, the lower 64
    bits in decimal).

    patterns   each begins with text that is always the same, which is found much faster than one pattern of them all; with it the
               base of its numbers, what is to be taken from them, and the places of its worker's rows (-1: not asked for)
    """

    patterns: Sequence[tuple[re.Pattern[bytes], int, int, array[int]]]

    @staticmethod
    def of(run: str, rows: Rows) -> Ids:
        patterns = []
        workers = sorted({int(worker) for worker in np.unique(rows.worker)})
        for worker in workers:
            mine = np.flatnonzero(rows.worker == worker)
            table = np.full(int(rows.number[mine].max()) + 1, -1, np.int32)
            table[rows.number[mine]] = mine
            places = array("i", table.tobytes())
            name, trace = request_id(run, worker, 0)[:-1].encode(), traceparent(run, worker, 0)[3:19].encode()
            patterns.append((re.compile(rb"%s(\d{1,10})(?!\d)" % re.escape(name)), 10, 0, places))
            for prefix, digit in ((trace, rb"[0-9a-f]"), (trace.upper(), rb"[0-9A-F]")):
                patterns.append((_trace_ids(prefix, digit), 16, 1, places))
            if len(workers) == 1:
                patterns.append((_DATADOG, 10, 1, places))
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
            number = int(match[match.lastindex or 0].replace(b"-", b""), base) - less
            if 0 <= number < size and (place := places[number]) >= 0:
                yield match, place


_DATADOG = re.compile(rb"""dd\.trace_id\\?["']?[=:]\s?\\?["']?(\d{1,20})(?![0-9a-fA-F])""")


def _trace_ids(prefix: bytes, digit: bytes) -> re.Pattern[bytes]:
    """Trace ids that begin with these 16 digits: in one piece, as a UUID, and as AWS X-Ray writes them."""
    one, two, three = prefix[:8], prefix[8:12], prefix[12:]
    return re.compile(
        rb"%s(?:%s%s(%s{16})|-%s-%s-(%s{4}-%s{12})|-%s%s(%s{16}))(?!%s)"
        % (one, two, three, digit, two, three, digit, digit, two, three, digit, digit)
    )


@dataclass(frozen=True)
class Tally:
    """
    Of the requests looked for, by place:

    marks       FOUND, …, of what its lines surely say
    unlevelled  what its lines without a readable level would say besides, if they were at WARNING or above
    unknown     what its lines would say besides, if the names that no part bears were aliases, or were none
    perhaps     what its lines would say besides, if words that may mean something else were meant so
    lines       how many bear its id, how many of them are `errors`
    read        text lines that somebody reads who looks for it

    And of all: `shown`, by mark the first line that only perhaps says it; `accused`, lines by part; `strangers`, lines by name that no part bears; `levels`, by service how many lines had no
    readable level, and how many there were.
    """

    marks: NDArray[np.uint8]
    unlevelled: NDArray[np.uint8]
    unknown: NDArray[np.uint8]
    perhaps: NDArray[np.uint8]
    lines: NDArray[np.uint32]
    errors: NDArray[np.uint32]
    read: NDArray[np.uint32]
    shown: Mapping[int, Line] = field(default_factory=dict)
    accused: Mapping[str, int] = field(default_factory=dict)
    strangers: Mapping[str, int] = field(default_factory=dict)
    levels: Mapping[str, tuple[int, int]] = field(default_factory=dict)

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
    heard: Callable[[Line, Said, float], None],
) -> Tally:
    """One pass over the logs of the services. `truth` says of each row which of `accusing.truths` holds, `done_s` when it ended;
    `heard` is told each line that is found, and when the first request that it is about was sent."""
    count = len(rows)
    marks, unlevelled, unknown, perhaps = (bytearray(count) for _ in range(4))
    lines, errors, read = (array("L", bytes(8 * count)) for _ in range(3))
    accused: dict[str, int] = {}
    strangers: dict[str, int] = {}
    levels: dict[str, tuple[int, int]] = {}
    shown: dict[int, Line] = {}
    if count:
        ids, own = Ids.of(run, rows), own_words(rows.endpoints)
        asked = {accusing.parts.known(word) for name in rows.endpoints for word in words(name)}
        from_s, until_s = rows.sent_s - BEFORE_S, done_s + AFTER_S
        for line in found_in(logs, services, ids, float(from_s.min()), float(until_s.max())):
            places = [place for place in sorted(ids.among(line.text)) if from_s[place] <= line.at_s <= until_s[place]]
            if not places:
                continue
            said = Said(line.text)
            heard(line, said, float(from_s[places].min()) + BEFORE_S)
            level = said.level
            unread, all_ = levels.get(line.service, (0, 0))
            levels[line.service] = (unread + (level == UNREAD), all_ + 1)
            told, named, cause = FOUND, Named(), Why.NOTHING
            if level == UNREAD or level >= WARNING:
                named = accusing.named(said, line.service, line.at_s)
                cause = _cause(said, named, own, asked)
                told = FOUND | SEVERE | (CAUSE if cause == Why.TOLD else 0)
            for place in places:
                sure, doubtful, vague = _blame(told, named, line.service, accusing.truths[truth[place]])
                vague |= CAUSE if cause == Why.PERHAPS else 0
                if level == UNREAD:
                    marks[place] |= FOUND
                    unlevelled[place] |= sure | doubtful
                else:
                    marks[place] |= sure
                    unknown[place] |= doubtful
                perhaps[place] |= vague
                shown.update(
                    (mark, min(line, shown.get(mark, line), key=order)) for mark in (CAUSE, FALSE) if vague & mark
                )
                lines[place] += 1
                read[place] += line.text.count("\n") + 1
                errors[place] += level >= ERROR
            if level != UNREAD:
                for name in named.parts:
                    accused[name] = accused.get(name, 0) + 1
                for name in named.strangers:
                    strangers[name] = strangers.get(name, 0) + 1
    bits = [np.frombuffer(bytes(one), np.uint8) for one in (marks, unlevelled, unknown, perhaps)]
    counts = [np.asarray(one, np.uint32) for one in (lines, errors, read)]
    return Tally(bits[0], bits[1], bits[2], bits[3], counts[0], counts[1], counts[2], shown, accused, strangers, levels)


def other_ids(journal: Journal) -> str:
    """Why requests may stand in the logs under ids that are not looked for, in words; ''."""
    said = dict.fromkeys(fact.text for kind in ("own_ids", "answer_ids") for fact in journal.of(LoadSaid, kind=kind))
    return f"{', and '.join(said)}; those ids are not in the ledger" if said else ""


def unread_of(levels: Mapping[str, tuple[int, int]]) -> str:
    """In how many lines of which service no level could be read, in words; '' where it could be in all."""
    told = [
        f"{unread} of {all_} line{'s' if all_ > 1 else ''} of {service} ({100 * unread / all_:.3g}%)"
        for service, (unread, all_) in sorted(levels.items())
        if unread
    ]
    return f"no level could be read in {', '.join(told)}" if told else ""


def names_of(strangers: Iterable[str]) -> str:
    """Names that no part bears, in words."""
    told = sorted(set(strangers))
    return ", ".join([repr(name) for name in told[:5]] + ([f"{len(told) - 5} more"] if len(told) > 5 else []))


def found_in(
    logs: Logs,
    services: Sequence[str],
    pattern: Finder,
    start_s: float,
    end_s: float,
    wanted: Callable[[re.Match[bytes]], bool] | None = None,
) -> Iterator[Line]:
    """Lines of several services (or patterns of them) that a pattern is found in, each once, in no order."""
    if len(services) == 1:
        yield from logs.matching(pattern, services[0], start_s, end_s, wanted)
        return
    seen: set[tuple[str, str]] = set()
    for service in services:
        mine: set[tuple[str, str]] = set()
        for line in logs.matching(pattern, service, start_s, end_s, wanted):
            if (key := (line.service, line.container)) not in seen:
                mine.add(key)
                yield line
        seen |= mine


def _cause(said: Said, named: Named, own: frozenset[str], asked: Container[str]) -> Why:
    """Whether a line tells the cause; `could not reach postgres` says more than that something failed. `asked`: parts that bear a
    request's name, so that `payments failed` may mean either."""
    told = why(said, own)
    surely = () if named.stated else named.parts - named.passing
    return Why.TOLD if told == Why.PERHAPS and any(part not in asked for part in surely) else told


def _blame(told: int, named: Named, service: str, truth: Truth) -> tuple[int, int, int]:
    """What a line's accusations mean for a request: surely, if its strangers are aliases of whoever, and if words that may mean
    something else are meant so. A service that is hurt itself is named by its own error."""
    if not told & SEVERE:
        return told, 0, 0
    roots = bool(named.parts & truth.roots)
    if not named.parts and not named.strangers:
        roots = service in truth.roots
    wrong = bool(named.parts) and not named.parts & truth.allowed
    false = FALSE if wrong and named.parts - named.passing else 0
    vague = FALSE if wrong and not false else 0
    names = NAMED | (ONE_LINE if told & CAUSE else 0)
    if named.strangers:  # what it says in words may be beside the point
        return told | (names if roots else 0), names | false, vague
    return told | (names if roots else 0) | false, 0, vague


def order(line: Line) -> tuple[float, str, str]:
    """Lines in one order, however they were found."""
    return line.at_s, line.container, line.text
