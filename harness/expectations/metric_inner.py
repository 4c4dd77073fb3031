"""A service that the load's requests come to through others: whose series a claim counts, and what of ours was on beside it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.blaming import CLIENT, Parts
from harness.expectations.counters import Interval
from harness.facts import NotInjected
from harness.landings import Hurt, hurts

if TYPE_CHECKING:
    from harness.expectations.counters import Target
    from harness.expectations.metric_sides import Told

SHOWN = 3
SAYS_WHOSE = ("job", "service", "service_name", "app", "application", "container", "exported_job")
_COLLECTS = re.compile(r"exporter|collector|push-?gateway|statsd|telegraf|prometheus|agent|graphite|cadvisor")
"""Parts that show the metrics of others: an address of theirs tells nothing of whose requests were counted."""


@dataclass(frozen=True)
class Inner:
    """
    service  whose requests are counted; `door` is where the load goes
    way      the door, and who else passes on to the service what came to it
    beside   what the door reaches without the service
    callers  who else calls the service
    """

    service: str
    door: str
    way: frozenset[str]
    beside: frozenset[str]
    callers: tuple[str, ...]

    def leads(self, target: str) -> bool:
        """Whether a fault there hurts the way to the service, or the service itself."""
        caller, arrow, to = target.partition("->")
        if not arrow:
            return target in self.way or target == self.service
        return caller in self.way and (to in self.way or to == self.service)

    def apart(self, target: str) -> bool:
        """Whether a fault there can make the door answer errors of which the service knows nothing."""
        caller, arrow, _ = target.partition("->")
        return (caller in self.way or caller in self.beside) if arrow else target in self.beside


def inner_of(told: Told) -> Inner | None:
    """None: the series are of the service that the load goes to, or nobody knows whose they are."""
    parts, door = Parts.of(told.evidence.journal), told.evidence.against
    whose = {_whose(told, parts, target) for target in told.counters.targets} if door else set()
    service = whose.pop() if len(whose) == 1 else ""
    if not service or service == door or door not in parts.above(service):
        return None
    way = parts.between(door, parts.above(service)) | {door}
    callers = parts.callers.get(service, frozenset()) - way - {CLIENT}
    return Inner(service, door, way, _reached(parts, door, service) - way, tuple(sorted(callers)))


def _whose(told: Told, parts: Parts, target: Target) -> str:
    """The part whose series a target gives: by its address, unless that is of one that shows others' metrics; by its labels."""
    job, instance = target.name
    part = parts.meant(instance, target.segments[-1].last_s if target.segments else None)
    if part and not _COLLECTS.search(part):
        return part
    mine = [one for one in told.labels if (one.get("job"), one.get("instance")) == (job, instance)]
    named = {parts.meant(one.get(label, "")) for one in mine for label in SAYS_WHOSE if one.get(label)} - {"", part}
    return named.pop() if len(named) == 1 else ""


def _reached(parts: Parts, door: str, without: str) -> frozenset[str]:
    found, waiting = set[str](), [door]
    while waiting:
        caller = waiting.pop()
        fresh = {one for one, who in parts.callers.items() if caller in who} - found - {without}
        found |= fresh
        waiting += sorted(fresh)
    return frozenset(found)


def on(told: Told) -> list[Hurt]:
    """The faults of ours that were on between the edges, or so shortly before that a request may have met them."""
    (begin_s, _), (_, end_s) = told.counters.begin, told.counters.end
    journal, timeout_s = told.evidence.journal, told.evidence.timeout_s
    return [
        one
        for one in hurts(journal)
        if one.on_s < end_s and one.off_s + timeout_s > begin_s and journal.first(NotInjected, fault=one.fault) is None
    ]


def stretches(told: Told, these: Iterable[Hurt]) -> list[Interval]:
    """When they were on, and for so long after as who had met them may still have avoided the service."""
    return [(one.on_s, one.off_s + told.evidence.timeout_s) for one in these]


def shown(these: Collection[Hurt]) -> str:
    """The faults, for a sentence."""
    names = [f"{one.fault} ({one.target})" for one in these]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more} {'was' if len(names) == 1 else 'were'} on"
