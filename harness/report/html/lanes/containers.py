"""Containers: Docker's events, a row for each service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.facts import ContainerChanged, ContainerSeen
from harness.report.html.lanes.base import Bands, Mark, Tone

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story

MOST_EVENTS = 400  # of a service, of each kind the first; how many more there are is said
BAD = ("die", "kill", "stop", "oom", "pause", "destroy")
GOOD = ("start", "unpause", "restart")


def lane(story: Story, _seconds: Seconds | None) -> Bands | None:
    services = {fact.service: [] for fact in story.journal.of(ContainerSeen)}  # type: dict[str, list[ContainerChanged]]
    for fact in story.journal.of(ContainerChanged):
        services.setdefault(fact.service, []).append(fact)
    more = sum(max(0, len(events) - MOST_EVENTS) for events in services.values())
    rows = tuple((name, tuple(_mark(e) for e in events[:MOST_EVENTS])) for name, events in sorted(services.items()))
    note = f"{more} more events are in the journal." if more else ""
    return Bands("containers", "Containers", rows, note) if any(marks for _, marks in rows) else None


def _mark(event: ContainerChanged) -> Mark:
    text = event.event if not event.detail else f"{event.event}: {event.detail}"
    told = {"container": event.container, "event": text}
    if event.exit_code is not None:
        told["exit code"] = str(event.exit_code)
    return Mark(event.at_s, None, text, tone(event), told, (event.cite,))


def tone(event: ContainerChanged) -> Tone:
    if event.event == "health_status":
        return "good" if event.detail == "healthy" else "bad"
    if event.event == "die" and event.exit_code == 0:
        return "plain"  # a one-shot service that has done its work, or an orderly stop
    return "bad" if event.event in BAD else "good" if event.event in GOOD else "plain"
