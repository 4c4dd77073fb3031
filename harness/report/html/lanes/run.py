"""The run itself: what the harness did and what was done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import facts as f
from harness.report.html.lanes.base import Bands, Mark, Tone
from harness.report.ladder import restarted, rung_tried

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story

MOST_SAID = 100


def lane(story: Story, _seconds: Seconds | None) -> Bands | None:
    marks = [mark for fact in story.journal.facts if (mark := _mark(fact))]
    said = [m for m in marks if m.text.startswith("load:")]
    dropped = set(map(id, said[MOST_SAID:]))
    kept = tuple(mark for mark in marks if id(mark) not in dropped)
    note = f"{len(dropped)} more messages of the load are in the journal." if dropped else ""
    return Bands("run", "The run", (("", kept),), note) if kept else None


def _mark(fact: f.Fact) -> Mark | None:
    told = _told(fact)
    if told is None:
        return None
    text, tone = told
    return Mark(fact.at_s, None, text, tone, {"what": text}, (fact.cite,))


def _told(fact: f.Fact) -> tuple[str, Tone] | None:  # noqa: PLR0911, PLR0912 (one line per kind of fact reads best as a table)
    match fact:
        case f.Opened():
            return "run opened", "quiet"
        case f.Asked():
            return f"asked: {fact.what}", "quiet"
        case f.Done():
            return f"done: {fact.step} {fact.detail}".rstrip(), "quiet"
        case f.Failed():
            return f"failed: {fact.step}: {fact.error}", "bad"
        case f.LoadReady():
            return f"{fact.users} users ready", "quiet"
        case f.LoadBegan():
            return "load began", "plain"
        case f.LoadSaid():
            return f"load: {fact.kind}: {fact.text}", "warn"
        case f.WorkerLost():
            return f"worker {fact.worker} of {fact.workers} lost: {fact.detail}", "bad"
        case f.LoadEnded():
            return "load ended" + ("" if fact.clean else f": {fact.detail}"), "plain" if fact.clean else "bad"
        case f.GateHeld():
            return f"gate held: steady{f' ({fact.waited})' if fact.waited else ''}", "good"
        case f.GateMissed():
            return f"gate missed: {fact.detail}", "bad"
        case f.GuardTripped():
            return f"guard: {fact.detail or fact.guard}", "bad"
        case f.HaltAsked():
            return f"halt by {fact.by}", "bad"
        case f.Interrupted():
            return f"interrupted by {fact.signal}", "bad"
        case f.Refused():
            return f"refused: {fact.reason}", "bad"
        case f.Broke():
            return f"harness broke: {fact.error}", "bad"
        case f.NotMended():
            return f"NOT MENDED: {fact.fault}", "bad"
        case f.RungTried():
            return rung_tried(fact), "bad" if fact.error else "warn"
        case f.Restarted():
            return restarted(fact), "bad" if fact.error else "warn"
        case f.Closed():
            return "everything taken down" + (
                f", but {', '.join(fact.left)}" if fact.left else ""
            ), "bad" if fact.left else "quiet"
    return None
