"""Labels that tell what became of a request: whether the first error can bring the value that a rule asks for, or nothing ever will. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from harness.facts import SelectorSeen
from harness.labelled import holds
from harness.promql import Matcher

OUTCOME = re.compile(
    r"(^|_)(code|status|class|outcome|result|state|error|exception|reason|cause|level|severity|success|failed)($|_)"
)
"""In the names of labels that tell what became of a request: that no series has such a value means that nothing became of it."""
_ERROR = re.compile(r"(^|_)(error|exception|reason|cause|failed)($|_)")
"""In the names of those of them that one that went well need not have: OpenTelemetry's error_type comes with the first error."""
SHOWN = 3
_VALUES = re.compile(r"'([^']*)'")
_STATUSES = {
    re.compile(r"[1-5]\d\d"): ("0", "000", "-1", *map(str, range(100, 600))),  # 0 and -1: no answer came
    re.compile(r"[1-5]xx"): tuple(f"{digit}xx" for digit in range(1, 6)),
    re.compile(r"[1-5]XX"): tuple(f"{digit}XX" for digit in range(1, 6)),
}
"""How a status of HTTP is written, and all that may come where what is there is written so."""


def examples(values: Iterable[str]) -> str:
    """Some of a label's values, of those that are written in different ways one each first: what is shown is written as all are."""
    every = sorted(set(values))
    firsts = {_written(value): value for value in reversed(every)}.values()
    shown = sorted(sorted(every, key=lambda value: value not in firsts)[:SHOWN])
    return f"{', '.join(map(repr, shown))}{', …' if len(every) > SHOWN else ''}"


def _written(value: str) -> re.Pattern[str] | None:
    return next((kind for kind in _STATUSES if kind.fullmatch(value)), None)


def never_comes(one: SelectorSeen, parts: Sequence[Matcher]) -> bool:
    """Whether some label of the selector that tells an outcome is none that its series have, or asks for no status that there is."""
    return any(OUTCOME.search(part.label) and _foreign(one, part) for part in parts)


def _foreign(one: SelectorSeen, part: Matcher) -> bool:
    there = _VALUES.findall(one.strange.get(part.label, ""))
    if there == [""]:  # an alert has the labels of its own rule
        return not one.metric.startswith("ALERTS") and not _ERROR.search(part.label)
    if not there or not re.search(r"\d", part.asked):  # a word, such as IO_ERROR, may stand for what had no answer
        return False
    kinds = (every for written, every in _STATUSES.items() if all(map(written.fullmatch, there)))
    return any(not any(_asks_for(part, status) for status in every) for every in kinds)


def _asks_for(part: Matcher, value: str) -> bool:
    try:
        return holds(part.how, value, part.asked)
    except ValueError:  # Go's syntax, and not Python's
        return True
