"""What a journal tells of the stack's state before the load and at the end: what differs, what cannot be told, what was compared.

Not a claim: `state_restored` judges by it, and the reports list it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.aimed import ANY, aimed_at
from harness.endstate import (
    BEFORE,
    CONTAINERS,
    FIRST,
    GROWS,
    LEFT,
    NAMED,
    SECOND,
    WORST,
    Difference,
    differences,
    jobs,
    never_seen,
    services_of,
    unread_files,
)
from harness.facts import ContainerChanged, Injected, Injecting, Mended, StateRead, StateSettled
from harness.journal import Journal
from harness.quantities import numbered

if TYPE_CHECKING:
    from harness.faults.base import Fault

PASSING = ("health_differs",)
"""What a release that is still out may show for a moment; it is held against the end alone."""


@dataclass(frozen=True)
class Seen:
    """A difference; `left_by` the phase that left it, where we have put it back since, '' where it is there at the end."""

    what: Difference
    left_by: str = ""


@dataclass(frozen=True)
class Doubt:
    """Why a part cannot be told to be as before: a reason code, a sentence, and what would have decided it."""

    part: str
    reason: str
    why: str
    decide: str


@dataclass(frozen=True)
class Found:
    """
    differences  the worst first
    doubts       of the parts that were not compared whole
    parts        by part that was compared, a few words on what it holds; `listed` those that may grow, with rows before and now
    cites        the readings at the end
    services     those of which a container was compared
    """

    differences: tuple[Seen, ...]
    doubts: tuple[Doubt, ...]
    parts: Mapping[str, str]
    listed: Mapping[str, str]
    cites: tuple[str, ...]
    services: frozenset[str] = frozenset()


def parts_of(journal: Journal) -> tuple[str, ...]:
    """The parts of the state that were read, as the drill declares them, the containers first."""
    return tuple(dict.fromkeys(one.part for one in journal.of(StateRead)))


def found_in(journal: Journal, faults: Mapping[str, Fault], parts: Iterable[str]) -> Found:
    """Compare these parts. The state has settled, and was read (StateSettled without `cut`)."""
    settled = journal.last(StateSettled)
    restored = tuple(_put_back(journal, faults))
    seen: list[Seen] = []
    doubts: list[Doubt] = []
    compared: dict[str, str] = {}
    listed: dict[str, str] = {}
    cites: list[str] = []
    services: frozenset[str] = frozenset()
    for part in parts:
        readings = {one.reading: one for one in journal.of(StateRead, part=part) if one.reading != LEFT}
        unread = _unread(part, readings)
        if unread is not None:
            doubts.append(unread)
            continue
        before, second = readings[BEFORE], readings[SECOND]
        cites.append(second.cite)
        if second.compare == GROWS:
            listed[part] = f"{numbered(before.rows, 'row')}, then {second.rows}"
            continue
        sure, moving = _sure(before, readings[FIRST], second)
        if part == CONTAINERS:
            sure, perhaps = _but_jobs(journal, before, second, sure)
            doubts += perhaps
        seen += [Seen(one) for one in sure]
        if moving:
            doubts.append(_moving(readings[FIRST], second, settled))
        if part == CONTAINERS:
            services = services_of(before) | services_of(second)
            doubts += _no_file(before, second)
            hidden, unseen = _hidden(before, restored, sure)
            seen += hidden
            doubts += unseen
        elif not sure and not moving:
            lefts = {one.phase: one for one in journal.of(StateRead, part=part, reading=LEFT)}
            doubts += filter(None, (_covered(before, lefts.get(one.left.phase), one) for one in restored))
        if never_seen(second) and not before.rows:
            doubts.append(_misspelt(part))
        compared[part] = _held(second)
    ordered = sorted(seen, key=lambda one: (WORST.index(one.what.reason), bool(one.left_by), one.what.name))
    return Found(tuple(ordered), tuple(doubts), compared, listed, tuple(cites), services)


def _unread(part: str, readings: Mapping[str, StateRead]) -> Doubt | None:
    for reading, when in ((BEFORE, "before the load"), (FIRST, "when all was over"), (SECOND, "when all was over")):
        read = readings.get(reading)
        if read is None or read.error:
            why = f"{part} was not read {when}" if read is None else f"{part} could not be read {when}: {read.error}"
            return Doubt(part, reason="not_read", why=why, decide=f"{part} read before the load and when all is over")
    if part == CONTAINERS and not readings[BEFORE].rows:
        return Doubt(
            part,
            reason="not_read",
            why="the stack had no container before the load",
            decide="a stack that runs before the load",
        )
    return None


def _no_file(*readings: StateRead) -> Iterator[Doubt]:
    """Mounted files that could not be read in one of the readings."""
    told = {f"{service}.files.{path}": why for read in readings for service, path, why in unread_files(read)}
    for name, why in told.items():
        decide = "a file that can be read; or name it in `ignore`"
        yield Doubt(name, reason="not_read", why=f"{name} could not be read: {why}", decide=decide)


def _sure(before: StateRead, first: StateRead, second: StateRead) -> tuple[list[Difference], bool]:
    """What differs in both of the last readings, and whether something still moved between them."""
    now = differences(before, second)
    if first.content == second.content and first.rows == second.rows:
        return now, False
    if before.part != CONTAINERS:
        return [], True
    then = {(one.name, one.reason, one.after) for one in differences(before, first)}
    return [one for one in now if (one.name, one.reason, one.after) in then], True


def _but_jobs(
    journal: Journal, before: StateRead, after: StateRead, sure: list[Difference]
) -> tuple[list[Difference], list[Doubt]]:
    """Without jobs that were at work before the load, and are done. Of one that ended when faults had begun that is not known: a server
    may end well too, where it has lost what it needs."""
    ended, aimed = jobs(before, after), aimed_at(journal)
    kept, doubts = [], []
    for one in sure:
        names = set(one.where.split(", "))
        if one.reason != "health_differs" or not names <= ended.keys() or {one.service, ANY} & aimed:
            kept.append(one)
        elif not all(_undisturbed(journal, name) for name in names):
            why = f"{one.where} was {one.before} and ended with 0 when faults had begun: as a job that is done, or not"
            decide = f"a job that ends before the first phase; or {one.name} in `ignore`"
            doubts.append(Doubt(CONTAINERS, reason="health_differs", why=why, decide=decide))
    return kept, doubts


def _undisturbed(journal: Journal, container: str) -> bool:
    """Whether it ended before any fault of the run began."""
    first = journal.first(Injecting)
    died = journal.last(ContainerChanged, container=container, event="die")
    return first is None or (died is not None and died.at_s < first.at_s)


def _moving(first: StateRead, second: StateRead, settled: StateSettled | None) -> Doubt:
    part = second.part
    waited = f" after {settled.waited_s:.0f} s of waiting" if settled is not None else ""
    better = (replace(one, before=one.after, after=one.before) for one in differences(second, first))
    told = [f"{one.name} was {one.before}, then {one.after}" for one in differences(first, second) or better]
    more = f"; and {len(told) - NAMED} more" if len(told) > NAMED else ""
    what = f": {'; '.join(told[:NAMED])}{more}" if told else ""
    decide = "a stack that comes to rest within the claim's `within`"
    return Doubt(part, reason="unsettled", why=f"{part} still changed{waited}{what}", decide=decide)


def _misspelt(part: str) -> Doubt:
    why = f"{part} was empty at every look, and so is a name that nothing bears: its name is not proven"
    decide = f"a look that finds something in {part}; or `may_be_empty: true` beside it, where the name is right"
    return Doubt(part, reason="only_empty", why=why, decide=decide)


# --- what we put back -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PutBack:
    """A release that was still (partly) out when its phase was over, so that we put the good one back; the first part, the containers
    where there are any, as it left them."""

    left: StateRead
    services: tuple[str, ...]


def _put_back(journal: Journal, faults: Mapping[str, Fault]) -> Iterator[PutBack]:
    lefts = reversed(journal.of(StateRead, reading=LEFT))
    for left in {one.phase: one for one in lefts}.values():
        for id_, fault in faults.items():
            if not fault.outlasts or journal.first(Injected, fault=id_, until_s=left.at_s) is None:
                continue
            mended = journal.first(Mended, fault=id_, since_s=left.at_s)
            if mended is not None and mended.ladder != "rollback":
                yield PutBack(left, fault.targets)


def _hidden(
    before: StateRead, restored: Sequence[PutBack], sure: Sequence[Difference]
) -> tuple[list[Seen], list[Doubt]]:
    """What is at the end as it was before, for we put it back; and readings of it that failed."""
    told = {(one.name, one.reason) for one in sure}
    seen, doubts = [], []
    for one in restored:
        if one.left.error:
            why = f"the containers could not be read before we put the good release back: {one.left.error}"
            doubts.append(Doubt(CONTAINERS, reason="not_read", why=why, decide="containers read before we mend"))
            continue
        doubts += _no_file(one.left)
        for what in differences(before, one.left):
            mine = what.service in one.services and what.reason not in PASSING
            if mine and (what.name, what.reason) not in told:
                seen.append(Seen(what, one.left.phase))
    return seen, doubts


def _covered(before: StateRead, left: StateRead | None, one: PutBack) -> Doubt | None:
    """Why a part that is as before at the end may be so by our doing alone; None where it was so before we did anything."""
    part, mended = before.part, f"we put back the good release of {', '.join(one.services)}"
    if left is None:
        why = f"{part} is as before, but was read only after {mended}: whether a rollback restores it is not known"
        return Doubt(part, reason="put_back", why=why, decide=f"a run that reads {part} before that")
    if left.error:
        why = f"{part} could not be read before {mended}: {left.error}"
        return Doubt(part, reason="not_read", why=why, decide=f"{part} read before we mend")
    apart = differences(before, left)
    if not apart:
        return None
    was = f"was {apart[0].before}, and {apart[0].after} when {left.phase} was over"
    why = f"{part} {was}; it is as before since {mended}: whether the rollback, or what was under way, would have restored it is not known"
    decide = f"a rollback after which {part} is as before when its phase is over"
    return Doubt(part, reason="put_back", why=why, decide=decide)


def _held(read: StateRead) -> str:
    if read.unproven and not max(read.rows, read.most):
        return "0 rows at every look"
    return numbered(read.rows, "container" if read.part == CONTAINERS else "row")


def state_doc(journal: Journal, faults: Mapping[str, Fault]) -> dict[str, Any] | None:
    """The end state in verdict.json: every difference, whatever claims ignore of it; None for a run that did not read it."""
    settled = journal.last(StateSettled)
    if settled is None or settled.cut:
        return None
    found = found_in(journal, faults, parts_of(journal))
    return {
        "quiet": settled.quiet,
        "waited_s": settled.waited_s,
        "differences": [{**asdict(one.what), "left_by": one.left_by} for one in found.differences],
        "open": [{"part": one.part, "reason": one.reason, "why": one.why} for one in found.doubts],
        "compared": dict(found.parts),
        "listed": dict(found.listed),
    }
