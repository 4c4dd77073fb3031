"""Whether parts are what they say: of the right kind, whole, with a name that nothing else has. All that is wrong is told at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from harness.doctor.checks import CHECKS
from harness.doctor.seen import LOOK_S
from harness.drill.problem import Invalid, Problem
from harness.expectations import EXPECTATIONS
from harness.expectations.base import Expectation
from harness.faults import FAULTS
from harness.faults.base import Fault
from harness.faults.command import Command
from harness.faults.service import ServiceFault
from harness.faults.toxic import ToxicFault
from harness.parts import Parts
from harness.parts.in_use import Own
from harness.parts.limited import limit
from harness.parts.source import Source
from harness.probes import NAMES

BASES = (ToxicFault, ServiceFault, Command)
CHECK_MOST_S = 3600.0
REPORTS = ("html", "json", "junit", "md")
_WORD = re.compile(r"[a-z][a-z0-9_]*")


def checked(sources: Sequence[Source]) -> tuple[Own, ...]:
    """Every part of these sources. Raises Invalid."""
    problems = [source.found for source in sources if isinstance(source.found, Problem)]
    found: list[Own] = []
    ours = {fault.word for fault in FAULTS} | {claim.word for claim in EXPECTATIONS}
    words = dict.fromkeys(ours, "drill itself")
    taken: dict[str, dict[str, str]] = {
        "fault": words,
        "expectation": words,  # one dictionary: `drill explain` knows them by their word alone
        "probe": dict.fromkeys(NAMES, "drill itself"),
        "check": {check.name: "drill itself" for check in CHECKS},
        "report": dict.fromkeys(REPORTS, "drill itself"),
    }
    for source in sources:
        if isinstance(source.found, Problem):
            continue
        for kind, part in _listed(source.found):
            place = source.where(part)
            wrong = list(_WRONG[kind](part))
            name = "" if wrong else _name(kind, part)
            if not wrong and name in taken[kind]:
                wrong = [f"the name '{name}' is taken by {taken[kind][name]}"]
            problems += [replace(place, what=f"{kind} {_called(part)}: {what}") for what in wrong]
            if not wrong:
                taken[kind][name] = place.where
                if kind == "fault":
                    limit(part)
                found.append(Own(kind, name, part, f"{place.file}:{place.line}" if place.line else place.file))
    if problems:
        raise Invalid(problems)
    return tuple(sorted(found, key=lambda one: list(_WRONG).index(one.kind)))


def _listed(parts: Parts) -> Iterator[tuple[str, Any]]:
    for kind in _WRONG:
        given = getattr(parts, f"{kind}s")
        for part in given if isinstance(given, (tuple, list)) else (given,):
            yield kind, part


def _name(kind: str, part: Any) -> str:
    if kind in ("fault", "expectation"):
        return str(part.word)
    return str(part().name if kind == "probe" else part.name)


def _called(part: Any) -> str:
    return getattr(part, "__name__", type(part).__name__)


def _fault(part: Any) -> Iterator[str]:
    if not (isinstance(part, type) and issubclass(part, Fault)):
        yield "it is no class of a fault; see docs/parts.md"
        return
    yield from _model(part)
    if not issubclass(part, BASES):
        yield (
            "build it on ToxicFault, ServiceFault, Command or one of drill's faults that is one of them; "
            "of another kind nobody could take it out when drill dies"
        )
        return
    if issubclass(part, ToxicFault) and part.toxics is ToxicFault.toxics:
        yield "it has no toxics(): which toxics it puts on its edge"
    if issubclass(part, ServiceFault):
        yield from (f"it has no {name}()" for name in ("inject", "mend") if getattr(part, name) is getattr(Fault, name))
    if part.landing is Fault.landing:
        yield "it has no landing(): how looks tell that it took effect; Landing('not_measurable', why) where they cannot"


def _expectation(part: Any) -> Iterator[str]:
    if not (isinstance(part, type) and issubclass(part, Expectation)):
        yield "it is no class of an expectation; see docs/parts.md"
        return
    yield from _model(part)
    if part.check is Expectation.check:
        yield "it has no check(): what it finds in the evidence"
    yield from _limit(part, None)


def _limit(part: Any, otherwise: float | None) -> Iterator[str]:
    limit_s = getattr(part, "check_limit_s", otherwise)
    if not isinstance(limit_s, (int, float)) or not 0 < limit_s <= CHECK_MOST_S:
        yield f"check_limit_s is {limit_s!r}, not so many seconds for one check: ClassVar[float], over 0, {CHECK_MOST_S:g} at most"


def _model(part: type[Fault] | type[Expectation]) -> Iterator[str]:
    """What both must have to stand in a drill file and in its schema."""
    if "word" not in vars(part) or not _WORD.fullmatch(str(part.word)):
        yield 'it has no word, by which a drill names it: word: ClassVar[str] = "my_word" (small letters, digits, _)'
    if not (vars(part).get("__doc__") or "").strip():
        yield "it has no docstring, which `drill explain` and the schema tell"
    try:
        part.model_json_schema(by_alias=True)
    except (Exception, SystemExit) as error:  # of pydantic, and of whatever the fields' own types do
        yield f"its fields have no JSON schema: {' '.join(str(error).split())[:200]}"


def _probe(part: Any) -> Iterator[str]:
    if not callable(part):
        yield "give the class, not an instance: each run makes its own"
        return
    try:
        made = part()
    except (Exception, SystemExit) as error:
        yield f"it cannot be made without an argument: {type(error).__name__}: {error}"
        return
    numbers = [
        name for name in ("every_s", "gap_s", "lag_s") if not isinstance(getattr(made, name, None), (int, float))
    ]
    if numbers or not callable(getattr(made, "look", None)):
        yield f"a probe has name, every_s, gap_s, lag_s and look(world); {', '.join(numbers) or 'look'} is not there"
    elif made.every_s <= 0:
        yield "every_s must be more than 0"
    yield from _named(made)


def _check(part: Any) -> Iterator[str]:
    if isinstance(part, type):
        yield f"give an instance, {part.__name__}(), not the class"
        return
    missing = [name for name in ("look", "fix") if not callable(getattr(part, name, None))]
    missing += [] if isinstance(getattr(part, "needs", None), tuple) else ["needs"]
    if missing:
        yield f"a check has name, needs, look() and fix(say); {', '.join(missing)} is not there"
    yield from _limit(part, LOOK_S)
    yield from _named(part)


def _report(part: Any) -> Iterator[str]:
    if isinstance(part, type):
        yield f"give an instance, {part.__name__}(), not the class"
        return
    if not callable(getattr(part, "text", None)):
        yield "a report has name and text(document); text is not there"
    if not re.fullmatch(r"[a-z][a-z0-9]*", str(getattr(part, "name", ""))):
        yield "its name is the end of its file's name, such as csv: small letters and digits"


def _named(part: Any) -> Iterator[str]:
    if not isinstance(getattr(part, "name", None), str) or not part.name.strip():
        yield "it has no name"


_WRONG: dict[str, Callable[[Any], Iterator[str]]] = {
    "fault": _fault,
    "expectation": _expectation,
    "probe": _probe,
    "check": _check,
    "report": _report,
}
"""By kind, in the order in which parts are told."""
