"""How far a run has come, told from its journal alone: what it does now, which faults may be on, who was asked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.facts import (
    Acknowledged,
    Asked,
    Broke,
    Closed,
    Deployed,
    Done,
    Fact,
    GateHeld,
    GateMissed,
    GuardTripped,
    HaltAsked,
    Injected,
    Injecting,
    Interrupted,
    LeverAnswered,
    LeverAsked,
    LeverPulled,
    LoadBegan,
    LoadEnded,
    Mended,
    NotInjected,
    NotMended,
    Opened,
    OrdersSettled,
    Paged,
    PhaseBegan,
    PhaseEnded,
    PhaseSettled,
    Refused,
)
from harness.journal import Journal
from harness.taken_back import TakenBack

KINDS: tuple[type[Fact], ...] = (
    *(Opened, Asked, Done, Closed, Refused, Broke, HaltAsked, GuardTripped, Interrupted),
    *(LoadBegan, LoadEnded, GateHeld, GateMissed, PhaseBegan, PhaseEnded, PhaseSettled, OrdersSettled),
    *(Injecting, Injected, NotInjected, Mended, NotMended, Deployed),
    *(Paged, Acknowledged, LeverAsked, LeverAnswered, LeverPulled),
)
"""All that this needs of a journal (see Following)."""


@dataclass(frozen=True)
class Hurt:
    """A fault that may be on.

    state     announced (to be injected in this moment), on (as read back), unsure (it could not be injected whole), back (a
              release that was rolled back, since `back_s`: its mend alone is due), stuck (it could not be mended; `error` and
              `commands` as the journal has them)
    until_s   when it is to be mended by the plan; None where it outlasts its phase, or is not told
    """

    fault: str
    kind: str
    target: str
    state: str
    since_s: float
    until_s: float | None = None
    error: str = ""
    commands: tuple[str, ...] = ()
    back_s: float | None = None


@dataclass(frozen=True)
class Progress:
    """
    stage     what the run does, in words, since `since_s`; `until_s` where its end is planned
    ending    why it ends before its plan does, '' while it does not
    faults    those that may be on
    asked     who was called or asked, and what became of it: second and sentence
    beats     whether the run writes something every second now, so that silence means that it hangs
    """

    stage: str
    since_s: float
    until_s: float | None = None
    ending: str = ""
    faults: tuple[Hurt, ...] = ()
    asked: tuple[tuple[float, str], ...] = ()
    beats: bool = False
    phase: str = ""


@dataclass(frozen=True)
class Outline:
    """The little of a drill that is told beside its journal: its phases with their lengths, and its guards as they are written."""

    phases: Mapping[str, float] = field(default_factory=dict)
    guards: tuple[str, ...] = ()
    max_duration_s: float | None = None


def progress(journal: Journal, outline: Outline) -> Progress:
    """How far it has come by the last fact in the journal."""
    stage, since_s, until_s, phase = _stage(journal, outline)
    began, over = journal.first(LoadBegan), journal.first(LoadEnded) or journal.first(Closed)
    return Progress(
        stage=stage,
        since_s=since_s,
        until_s=until_s,
        ending=_ending(journal),
        faults=tuple(_hurt(journal)),
        asked=tuple(_asked(journal)),
        beats=began is not None and over is None,
        phase=phase,
    )


ENDING: tuple[tuple[type[Fact], str], ...] = (
    (Closed, "over"),
    (OrdersSettled, "ending: the orders have settled"),
    (LoadEnded, "ending: the load has stopped"),
)
BEGINNING: tuple[tuple[type[Fact], str], ...] = (
    (GateHeld, "the steady state held; the first phase begins"),
    (GateMissed, "the steady state was not reached"),
    (LoadBegan, "under load, waiting for the steady state"),
    (Done, "the stack is ready; the load's users start"),
    (Asked, "the stack is being started"),
)


def _stage(journal: Journal, outline: Outline) -> tuple[str, float, float | None, str]:
    began = journal.last(PhaseBegan)
    for stages in (ENDING, BEGINNING):
        if stages is BEGINNING and began is not None:
            return _in_phase(journal, outline, began)
        for kind, stage in stages:
            if (fact := journal.last(kind)) is not None:
                return stage, fact.seen_s, None, ""
    return "being opened", journal.end_s, None, ""


def _in_phase(journal: Journal, outline: Outline, began: PhaseBegan) -> tuple[str, float, float | None, str]:
    names = list(outline.phases)
    of = f" ({names.index(began.phase) + 1} of {len(names)})" if began.phase in names else ""
    name, since_s = f"phase {began.phase}{of}", began.seen_s
    if settled := journal.last(PhaseSettled, since_s=since_s):
        steady = "steady again" if settled.steady else "not steady again"
        return f"{name} is over, {steady}", settled.seen_s, None, ""
    if ended := journal.last(PhaseEnded, since_s=since_s):
        return f"{name} is over, waiting for the steady state", ended.seen_s, None, ""
    length_s = outline.phases.get(began.phase)
    return name, since_s, None if length_s is None else since_s + length_s, began.phase


def _ending(journal: Journal) -> str:
    halted, tripped, signalled = journal.first(HaltAsked), journal.first(GuardTripped), journal.first(Interrupted)
    refused, broke = journal.first(Refused), journal.first(Broke)
    if broke:
        return f"an error of the harness: {broke.error}"
    if halted:
        return f"halted by {halted.by}" + (f": {halted.reason}" if halted.reason else "")
    if tripped:
        return f"stopped by its guard {tripped.guard}: {tripped.detail}"
    if signalled:
        return f"interrupted by {signalled.signal}"
    return f"refused: {refused.reason}" if refused else ""


def _hurt(journal: Journal) -> Iterator[Hurt]:
    taken_back = TakenBack()
    for fact in journal.facts:
        taken_back.hear(fact)
    for announced in journal.of(Injecting):
        name, since_s = announced.fault, announced.seen_s
        if journal.first(Mended, fault=name, since_s=since_s):
            continue
        on = journal.last(Injected, fault=name, since_s=since_s)
        stuck = journal.last(NotMended, fault=name, since_s=since_s)
        failed = journal.last(NotInjected, fault=name, since_s=since_s)
        if failed is not None and failed.untouched:
            continue
        back_s = taken_back.since_s(name)
        back = "back" if back_s is not None else ""
        state = "stuck" if stuck else back or ("on" if on else "unsure" if failed else "announced")
        yield Hurt(
            fault=name,
            kind=announced.kind,
            target=announced.target,
            state=state,
            since_s=on.begun_s if on else announced.seen_s,
            until_s=announced.until_s,
            error=stuck.error if stuck else failed.error if failed else "",
            commands=stuck.commands if stuck else (),
            back_s=back_s,
        )


def _asked(journal: Journal) -> Iterator[tuple[float, str]]:
    paged = journal.last(Paged, status="firing")
    if paged:
        yield paged.seen_s, f"{paged.receiver} was paged: {paged.alert}"
    if taken := journal.last(Acknowledged):
        yield taken.seen_s, f"{taken.by} acknowledged{f' {taken.alert}' if taken.alert else ''}"
    if question := journal.last(LeverAsked):
        text = question.question.strip().splitlines()[0] if question.question.strip() else question.lever
        yield question.seen_s, f"asked {'on the terminal' if question.there else 'nobody (no terminal)'}: {text}"
        if answer := journal.last(LeverAnswered, lever=question.lever, since_s=question.seen_s):
            yield answer.seen_s, f"answered: {answer.text}"
    if pulled := journal.last(LeverPulled):
        yield pulled.seen_s, f"lever pulled by {pulled.by}: {pulled.command or 'by hand'}"
