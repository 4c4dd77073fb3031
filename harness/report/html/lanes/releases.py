"""Releases: who deployed what, the levers that were pulled, and which release each container runs, replica by replica."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.facts import Deployed, LeverEnded, LeverPulled, ReleaseSeen
from harness.report.html.lanes.base import Bands, Mark, Tone

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story

BY: dict[str, tuple[Tone, str]] = {
    "harness": ("fault", "deployed"),
    "rollback": ("good", "rolled back"),
    "mend": ("quiet", "put back by the harness"),
}
RUNS: dict[str, tuple[Tone, str]] = {
    "good": ("good", "good"),
    "bad": ("fault", "bad"),
    "other": ("warn", "another release"),
}
PART: tuple[Tone, str] = ("fault", "bad in part")


def lane(story: Story, _seconds: Seconds | None) -> Bands | None:
    rows: dict[str, list[Mark]] = {}
    for fact in story.journal.of(Deployed):
        tone, words = BY.get(fact.by, ("plain", fact.by))
        detail = {"image": fact.image, "replicas": fact.replicas}
        start_s = fact.at_s if fact.begun_s is None else fact.begun_s
        rows.setdefault(fact.service, []).append(Mark(start_s, fact.at_s, words, tone, detail, (fact.cite,)))
    for container, marks in _containers(story):
        rows[container] = marks
    for pulled in story.journal.of(LeverPulled):
        ended = story.journal.first(LeverEnded, lever=pulled.lever, since_s=pulled.at_s)
        code = None if ended is None else ended.exit_code
        tone = "good" if code == 0 else "bad" if ended else "warn"
        detail = {"lever": pulled.lever, "by": pulled.by, "command": pulled.command, "exit code": code}
        cites = tuple(c for c in (pulled.cite, pulled.trigger, ended.cite if ended else "") if c)
        end_s = None if ended is None else ended.at_s
        mark = Mark(pulled.at_s, end_s, f"lever: {pulled.by}", tone, detail, cites)
        rows.setdefault(pulled.lever.rpartition("/")[2], []).append(mark)
    told = tuple((row, tuple(marks)) for row, marks in rows.items())
    note = "Who deployed what, which release each container runs, and who took it back."
    return Bands("releases", "Releases", told, note) if told else None


def _containers(story: Story) -> Iterator[tuple[str, list[Mark]]]:
    """Each container's releases, each from when it was seen to when another was. Without the run's own prefix."""
    seen: dict[str, list[ReleaseSeen]] = {}
    for fact in story.journal.of(ReleaseSeen):
        seen.setdefault(fact.container, []).append(fact)
    end_s = story.journal.end_s
    for container, facts in sorted(seen.items()):
        marks = [_mark(fact, after.at_s if after else end_s, after) for fact, after in pairwise([*facts, None]) if fact]
        yield container.removeprefix(f"drill-{story.run}-"), [mark for mark in marks if mark is not None]


def _mark(seen: ReleaseSeen, until_s: float, after: ReleaseSeen | None) -> Mark | None:
    if seen.release not in RUNS:
        return None
    tone, words = PART if seen.stayed else RUNS[seen.release]
    detail = {"container": seen.container, "image": seen.image}
    if seen.stayed:
        detail["still has"] = ", ".join(seen.stayed)
    return Mark(seen.at_s, until_s, words, tone, detail, (seen.cite, *((after.cite,) if after else ())))
