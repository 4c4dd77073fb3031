"""People: what each wrote down, decided and ran in the course of the run, and what they were asked on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.facts import LeverAnswered, LeverAsked
from harness.report.html.lanes.base import Bands, Mark, Tone
from harness.report.people import Deed, deeds

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story

TERMINAL = "terminal"


def lane(story: Story, _seconds: Seconds | None) -> Bands | None:
    rows: dict[str, list[Mark]] = {}
    for asked in story.journal.of(LeverAsked):
        text = f"asked: {asked.question}" if asked.there else "there was no terminal to ask on"
        detail = {"lever": asked.lever, "what": text}
        cites = tuple(cite for cite in (asked.cite, asked.trigger) if cite)
        rows.setdefault(TERMINAL, []).append(Mark(asked.at_s, None, text, "warn", detail, cites))
    for told in story.journal.of(LeverAnswered):
        mark = Mark(told.at_s, None, f"said: {told.text}", "plain", {"lever": told.lever}, (told.cite,))
        rows.setdefault(TERMINAL, []).append(mark)
    for deed in deeds(story):
        rows.setdefault(deed.who, []).append(_mark(deed))
    marks = tuple((who, tuple(sorted(marks, key=lambda mark: mark.start_s))) for who, marks in rows.items())
    return Bands("people", "People", marks, "What they wrote down and ran.", beside=True) if marks else None


def _mark(deed: Deed) -> Mark:
    tone: Tone = "plain" if deed.bad is None else "bad" if deed.bad else "good"
    text = f"{deed.name}: {deed.said}" if deed.said else deed.name
    end_s = deed.end_s if deed.end_s > deed.start_s else None
    return Mark(deed.start_s, end_s, text, tone, {"what": text}, deed.cites)
