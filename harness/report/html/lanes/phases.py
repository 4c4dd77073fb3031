"""Phases: baseline, each phase, and after each the stretch until the stack was steady again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.document import BASELINE, windows
from harness.facts import GateHeld, PhaseBegan, PhaseEnded, PhaseSettled
from harness.report.html.lanes.base import Bands, Mark, Tone

if TYPE_CHECKING:
    from harness.journal import Journal
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story


def lane(story: Story, _seconds: Seconds | None) -> Bands | None:
    marks = [_mark(story.journal, name, w.start_s, w.end_s) for name, w in windows(story.journal)]
    return Bands("phases", "Phases", (("", tuple(marks)),)) if marks else None


def _mark(journal: Journal, name: str, start_s: float, end_s: float) -> Mark:
    detail: dict[str, object] = {
        "from": f"{start_s:.1f} s",
        "to": f"{end_s:.1f} s",
        "length": f"{end_s - start_s:.1f} s",
    }
    if name == BASELINE:
        held = journal.first(GateHeld)
        told = {"the gate": held.detail or "held"} if held else {"the gate": "not known to have held"}
        return Mark(start_s, end_s, name, "quiet", {**detail, **told}, (held.cite,) if held else ())
    phase = name.removesuffix(" then")
    began, ended = journal.phase_began(phase), journal.phase_ended(phase)
    settled = journal.first(PhaseSettled, phase=phase)
    if name != phase and settled:
        tone: Tone = "good" if settled.steady else "bad"
        text = "steady again" if settled.steady else "NOT steady again"
        told = {"steady again": "yes" if settled.steady else "no", "conditions": settled.detail}
        return Mark(start_s, end_s, text, tone, {**detail, **told}, _cites(ended, settled))
    if name != phase:
        return Mark(start_s, end_s, "settling", "warn", detail, _cites(ended))
    return Mark(start_s, end_s, name, "plain", detail, _cites(began, ended))


def _cites(*facts: PhaseBegan | PhaseEnded | PhaseSettled | None) -> tuple[str, ...]:
    return tuple(fact.cite for fact in facts if fact is not None)
