"""What was done to containers beside faults: a runbook's steps and people's commands, our own restarts, and whose hand ended one. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.facts import ContainerChanged, Executed, Executing, LeverEnded, LeverPulled, Restarted
from harness.journal import Journal

SLACK_S = 1.0  # between Docker's clock and ours, and for a death that our mend brings about
RELOADS = ("signal 1", "signal 10", "signal 12")  # SIGHUP, SIGUSR1, SIGUSR2: a process is told something, not to end
TERMINATED = 143  # 128 + SIGTERM: nobody sends it to himself

Stretch = tuple[float, float]


def commands(journal: Journal) -> Iterator[Stretch]:
    """From when to when each command of a runbook's step, or of a person's, ran; until further notice where its end is not known."""
    for pulled in (one for one in journal.of(LeverPulled) if one.command):
        ended = journal.first(LeverEnded, since_s=pulled.seen_s, lever=pulled.lever)
        yield pulled.seen_s, ended.seen_s if ended else math.inf
    for begun in journal.of(Executing):
        over = journal.first(Executed, since_s=begun.seen_s, writer=begun.writer)
        yield begun.seen_s, over.seen_s if over else math.inf


def restarts(journal: Journal, service: str) -> Iterator[Stretch]:
    """From when to when `restore: restart` restarted the service: its containers end then by our own hand."""
    for fact in journal.of(Restarted):
        if service in fact.services:
            yield fact.begun_s, fact.seen_s


def during(at_s: float, stretches: Iterable[Stretch]) -> bool:
    """Whether an instant lies in one of them."""
    return any(begun_s - SLACK_S <= at_s <= ended_s + SLACK_S for begun_s, ended_s in stretches)


@dataclass(frozen=True)
class End:
    """The end of one life of a container.

    told_s  when somebody told it to end: Docker was asked to (`docker stop`, `kill`, `restart`, `compose up`), or its process got
            SIGTERM. None: it ended by itself
    start   what began that life, None where nobody saw it
    before  the end of the life before
    """

    event: ContainerChanged
    told_s: float | None
    start: ContainerChanged | None
    before: End | None


def ends(events: Iterable[ContainerChanged]) -> Iterator[End]:
    """Each end that the events of one container tell, in their order."""
    told_s, start, before = None, None, None
    for event in events:
        if event.event == "start":
            told_s, start = None, event
        elif event.event in ("kill", "stop") and event.detail not in RELOADS and told_s is None:
            told_s = event.at_s
        elif event.event == "die":
            if told_s is None and event.exit_code == TERMINATED:
                told_s = event.at_s
            before = End(event, told_s, start, before)
            yield before
            told_s = None
