"""Releases: what was deployed by whom, and the levers that were pulled to take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.facts import Deployed, LeverEnded, LeverPulled
from harness.report.html.lanes.base import Bands, Mark, Tone

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story

BY: dict[str, tuple[Tone, str]] = {
    "harness": ("fault", "deployed"),
    "rollback": ("good", "rolled back"),
    "mend": ("quiet", "put back by the harness"),
}


def lane(story: Story, _seconds: Seconds | None) -> Bands | None:
    rows: dict[str, list[Mark]] = {}
    for fact in story.journal.of(Deployed):
        tone, words = BY.get(fact.by, ("plain", fact.by))
        detail = {"image": fact.image, "replicas": fact.replicas}
        start_s = fact.at_s if fact.begun_s is None else fact.begun_s
        rows.setdefault(fact.service, []).append(Mark(start_s, fact.at_s, words, tone, detail, (fact.cite,)))
    for pulled in story.journal.of(LeverPulled):
        ended = story.journal.first(LeverEnded, lever=pulled.lever, since_s=pulled.at_s)
        code = None if ended is None else ended.exit_code
        tone = "good" if code == 0 else "bad" if ended else "warn"
        detail = {"by": pulled.by, "command": pulled.command, "exit code": code}
        cites = (pulled.cite,) if ended is None else (pulled.cite, ended.cite)
        end_s = None if ended is None else ended.at_s
        rows.setdefault(pulled.lever, []).append(Mark(pulled.at_s, end_s, f"lever: {pulled.by}", tone, detail, cites))
    told = tuple((row, tuple(marks)) for row, marks in rows.items())
    return Bands("releases", "Releases", told, "Who deployed what, and who took it back.") if told else None
