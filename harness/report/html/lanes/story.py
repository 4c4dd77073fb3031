"""The story of a release: each instant in a row of its own, as wide as it is known, with who did it and upon what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.html.lanes.base import Bands, Mark, Tone
from harness.report.releases import ReleaseView, Step, releases

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story

TONES: dict[str, Tone] = {
    "deployed": "fault",
    "exposed": "bad",
    "impact": "bad",
    "detected": "warn",
    "paged": "warn",
    "trigger came": "warn",
    "last bad answer": "good",
    "taken back": "good",
    "restored": "good",
    "clean": "good",
}


def lane(story: Story, _seconds: Seconds | None) -> Bands | None:
    steps = [(step, view) for view in releases(story) for step in view.steps]
    rows: dict[str, list[Mark]] = {}
    for step, view in sorted(steps, key=lambda one: (one[0].low_s, one[0].high_s)):
        rows.setdefault(step.name, []).append(_mark(step, view))
    note = "Each as wide as it is known; text says who and upon what."
    told = tuple((name, tuple(marks)) for name, marks in rows.items())
    return Bands("story", "What became of the release", told, note, beside=True) if told else None


def _mark(step: Step, view: ReleaseView) -> Mark:
    tone: Tone = "bad" if step.bad else TONES.get(step.name, "plain")
    end_s = step.high_s if step.high_s > step.low_s else None
    detail = {"what": f"{step.name}: {step.said}" if step.said else step.name, "release": view.fault}
    if after := view.after_exposure(step):
        detail["after exposure"] = after
    return Mark(step.low_s, end_s, step.said or step.name, tone, detail, (step.cite,) if step.cite else ())
