"""Pages as they were delivered, a row for each receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.facts import Paged, TargetChosen
from harness.report.html.lanes.base import Bands, Mark, Tone

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story


def lane(story: Story, _seconds: Seconds | None) -> Bands | None:
    receivers: dict[str, list[Mark]] = {}
    for fact in (page for page in story.journal.of(Paged) if not page.standing):
        detail = {"delivery": fact.delivery, "alerts in it": fact.count, **dict(sorted(fact.annotations.items()))}
        tone: Tone = "good" if fact.status == "resolved" else "bad"
        mark = Mark(fact.at_s, None, f"{fact.alert} {fact.status}", tone, detail, (fact.cite,))
        receivers.setdefault(fact.receiver, []).append(mark)
    rows = tuple((receiver, tuple(marks)) for receiver, marks in sorted(receivers.items()))
    note = "What the receivers were sent, taken in by the run's own mailbox: no person was paged."
    if story.journal.first(TargetChosen) is not None:
        note = "What the receivers were sent, as it was seen from here; the target's people got it as well."
    return Bands("pages", "Pages", rows, note) if rows else None
