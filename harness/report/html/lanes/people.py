"""People: what each wrote down, decided and ran in the course of the run, and what they were asked on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.facts import Fact, LeverAnswered, LeverAsked, kind_of
from harness.report.html.lanes.base import Bands, Mark, Tone
from harness.report.proof import short
from harness.report.releases import did, done_by_people, who

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
    for fact in done_by_people(story):
        rows.setdefault(who(fact), []).append(_mark(fact))
    marks = tuple((who, tuple(sorted(marks, key=lambda mark: mark.start_s))) for who, marks in rows.items())
    return Bands("people", "People", marks, "What they wrote down and ran.", beside=True) if marks else None


def _mark(fact: Fact) -> Mark:
    begun_s, code = getattr(fact, "begun_s", None), getattr(fact, "exit_code", None)
    words, said = kind_of(fact).replace("_", " "), did(fact)
    tone: Tone = "plain" if code is None else "good" if code == 0 else "bad"
    text = f"{words}: {said}" if said else words
    start_s, end_s = (fact.at_s, None) if begun_s is None else (float(begun_s), fact.at_s)
    return Mark(start_s, end_s, text, tone, {"what": short(text)}, (fact.cite,))
