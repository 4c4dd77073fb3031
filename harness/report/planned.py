"""The plan beside what happened: each phase and each of its steps, when it was due and when it came. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.facts import Injecting, LoadBegan, Mended
from harness.quantities import spell

if TYPE_CHECKING:
    from harness.plan import PlannedPhase
    from harness.report.story import Story


@dataclass(frozen=True)
class Step:
    """`due`: from the phase's beginning, as planned; `came`: seconds of the run, '' when it never did."""

    kind: str
    text: str
    where: str
    due: str
    came: str


@dataclass(frozen=True)
class Stretch:
    name: str
    due: str
    came: str
    steps: tuple[Step, ...]


def planned(story: Story) -> list[Stretch]:
    """Each phase of the plan, then the claims about the whole run."""
    began = story.journal.first(LoadBegan)
    zero_s = began.begins_s if began else None
    made = [_phase(story, phase, zero_s) for phase in story.plan.phases]
    if story.plan.claims:
        steps = tuple(Step("must", claim.text, claim.where, "all along", "") for claim in story.plan.claims)
        made.append(Stretch("whole run", "from the gate on", "", steps))
    return made


def _phase(story: Story, phase: PlannedPhase, zero_s: float | None) -> Stretch:
    journal = story.journal
    fact = journal.phase_began(phase.name)
    earliest, latest = (
        spell(round(at_s, 1)) if at_s else "0s" for at_s in (phase.begins_earliest_s, phase.begins_latest_s)
    )
    due = f"{earliest} to {latest} after the load began, for {spell(phase.length_s)}"
    came = ""
    if fact is not None:
        after = f", {fact.at_s - zero_s:.1f} s after the load began" if zero_s is not None else ""
        came = f"at {fact.at_s:.1f} s{after}"
    steps = []
    for injection in phase.injections:
        asked, mended = journal.first(Injecting, fault=injection.id), journal.first(Mended, fault=injection.id)
        text = story.plan.drill.text(injection.id)
        steps.append(Step("inject", text, injection.where, _plus(injection.at_s), _at(asked)))
        steps.append(Step("mend", injection.id, "", _plus(injection.until_s), _at(mended)))
    for claim in phase.claims:
        late_s = claim.expectation.late_s()
        start_s = phase.length_s if claim.then else 0.0
        length_s = phase.settle_latest_s if claim.then else phase.length_s
        end_s = start_s + (length_s if late_s is None else late_s)
        kind = "then" if claim.then else "must"
        steps.append(Step(kind, claim.text, claim.where, f"{_plus(start_s)} to {_plus(end_s)}", ""))
    return Stretch(phase.name, due, came, tuple(steps))


def _plus(at_s: float) -> str:
    return f"+{spell(at_s) if at_s else '0s'}"


def _at(fact: Injecting | Mended | None) -> str:
    return f"{fact.at_s:.3f} s" if fact else ""
