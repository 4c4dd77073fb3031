"""What became of a container in a window: how often it died, and which of its ends the drill, or somebody's hand, explains. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from harness.deeds import SLACK_S, End, Stretch, commands, during, ends, restarts
from harness.facts import (
    Aimed,
    ContainerChanged,
    ContainerSeen,
    Fact,
    GateHeld,
    Injecting,
    Looked,
    Mended,
    NotInjected,
)
from harness.journal import Journal, Window
from harness.lodgers import RELEASE, touches

PROBE = "containers"


@dataclass
class Life:
    """What became of one container. `open`: a fault on it is on, its deaths cannot be told apart yet.

    deaths  by itself
    ours    ends that a fault or a restart of ours brought about
    told    ends that somebody told it to: by a step's or a person's command, or whoever took a release back
    jobs    ends with 0 of what is begun now and then, and ends when it is done
    """

    service: str
    deaths: list[Fact] = field(default_factory=list)
    ours: list[ContainerChanged] = field(default_factory=list)
    told: list[ContainerChanged] = field(default_factory=list)
    jobs: list[ContainerChanged] = field(default_factory=list)
    restarted: int = 0
    open: bool = False

    def said(self) -> list[str]:
        """Each death, as a person reads it."""
        lines = []
        for fact in self.deaths:
            if isinstance(fact, ContainerSeen):
                oom = ", out of memory" if fact.oom_killed else ""
                lines.append(f"{self.service} was found {fact.status} at {fact.at_s:.1f} s, code {fact.exit_code}{oom}")
            elif isinstance(fact, ContainerChanged):
                code = "" if fact.exit_code is None else f" with code {fact.exit_code}"
                how = "ran out of memory" if fact.event == "oom" else f"died{code}"
                lines.append(f"{self.service} {how} at {fact.at_s:.1f} s")
        if self.restarted > len(self.deaths):
            lines.append(f"Docker restarted {self.service} {self.restarted} times")
        return lines


@dataclass(frozen=True)
class _Own:
    """One fault of ours on the container: when it was put on and, once it is, taken off."""

    on_s: float
    off_begun_s: float
    off_s: float
    release: bool = False

    @property
    def stretch(self) -> Stretch:
        return self.on_s, self.off_s


def life(journal: Journal, container: str, service: str, window: Window) -> Life:
    """What is known of the container until the window's end, and what counts in it."""
    own, typed = _own_faults(journal, service, container), tuple(commands(journal))
    found = Life(service, open=any(math.isinf(one.off_s) for one in own if one.on_s < window.end_s))
    events = journal.of(ContainerChanged, container=container, until_s=window.end_s)
    ended = {end.event: end for end in ends(events)}
    spent: set[_Own] = set()
    for event in events:
        if event.event not in ("die", "oom") or event.at_s >= window.end_s:
            continue
        by = _excuse(own, event.at_s, spent)
        if by is not None:
            if event.event == "die" and event.at_s < by.off_begun_s:
                spent.add(by)  # a fault explains one death; what dies again by itself while it is on does so on its own
            found.ours.append(event)
        elif event in ended and _told(ended[event], own, typed):
            found.told.append(event)
        elif event in ended and _job(ended[event], journal, own, typed):
            found.jobs.append(event)
        elif event.at_s >= window.start_s and not found.open and not _oom_before(found, event):
            found.deaths.append(event)
    _add_found(journal, container, window, own, typed, found)
    return found


def _told(end: End, own: Sequence[_Own], typed: Sequence[Stretch]) -> bool:
    """Whether somebody ended it by a command that the drill knows of, or while a release of ours was on it: then it is taken back,
    by whomever. What dies by itself meanwhile was told nothing."""
    releases = (one.stretch for one in own if one.release)
    return end.told_s is not None and during(end.told_s, (*typed, *releases))


def _job(end: End, journal: Journal, own: Sequence[_Own], typed: Sequence[Stretch]) -> bool:
    """Whether it is a job's end: with 0, of a life that began while we looked and by no deed of the drill's, after none or after
    another such end. A service that ran when we first looked and ends with 0 is down all the same."""
    looked, start = journal.first(Looked, probe=PROBE), end.start
    if end.event.exit_code != 0 or end.told_s is not None or looked is None or start is None:
        return False
    before = end.before is None or (end.before.event.exit_code == 0 and end.before.told_s is None)
    begun_by_us = during(start.at_s, (*typed, *(one.stretch for one in own)))
    return before and start.at_s > looked.at_s and not begun_by_us


def _oom_before(life: Life, event: ContainerChanged) -> bool:
    """Whether this death is the end of the oom just counted."""
    last = life.deaths[-1] if life.deaths else None
    return isinstance(last, ContainerChanged) and last.event == "oom" and event.at_s - last.at_s < 2.0


def _add_found(
    journal: Journal, container: str, window: Window, own: Sequence[_Own], typed: Sequence[Stretch], life: Life
) -> None:
    """What looks show that no event told: a container found ended, and Docker's own count of restarts."""
    looks = journal.of(ContainerSeen, container=container, until_s=window.end_s)
    if life.open or not looks:
        return
    held = journal.first(GateHeld)
    before = [look for look in looks if look.at_s < window.start_s]
    inside = [*before[-1:], *(look for look in looks if window.start_s <= look.at_s < window.end_s)]  # a look holds on
    if not inside:
        return
    ours = sum(1 for one in own if window.start_s - SLACK_S <= one.on_s < window.end_s)
    life.restarted = max(
        0, max(look.restarts for look in inside) - inside[0].restarts - ours - _started_again(inside, life.told)
    )
    since_s = held.at_s if held else window.start_s
    at_gate = [look for look in looks if look.at_s <= since_s][-1:]
    ran = any(look.status == "running" for look in (*at_gate, *(look for look in looks if look.at_s > since_s)))
    deeds = (*typed, *(one.stretch for one in own))
    for look in inside:
        at_s = max(look.at_s, window.start_s)
        ended = look.status in ("exited", "dead") and (ran or look.exit_code != 0)
        die = journal.last(ContainerChanged, container=container, event="die", until_s=look.at_s + SLACK_S)
        if ended and not life.deaths and die not in life.jobs and not during(at_s, deeds):
            life.deaths.append(look)
            return


def _started_again(looks: Sequence[ContainerSeen], told: Sequence[ContainerChanged]) -> int:
    """After how many of these ends Docker began the container again by itself: its count rose between the looks around each."""
    rose = [(was.at_s, now.at_s) for was, now in pairwise(looks) if now.restarts > was.restarts]
    return sum(during(event.at_s, rose) for event in told)


def _own_faults(journal: Journal, service: str, container: str) -> list[_Own]:
    own = [_Own(begun_s, begun_s, over_s) for begun_s, over_s in restarts(journal, service)]
    for fact in journal.of(Injecting):
        if not touches(journal, fact, container, service):
            continue
        mended = journal.first(Mended, fault=fact.fault, since_s=fact.at_s)
        if mended is None and _never_done(journal, fact):
            continue
        off = (mended.begun_s, mended.seen_s) if mended else (math.inf, math.inf)
        own.append(_Own(fact.at_s, *off, release=fact.kind == RELEASE))
    return own


def _never_done(journal: Journal, fault: Injecting) -> bool:
    """Whether it failed before anything was done; what Docker was asked for and did not answer may still come."""
    done = journal.first(Aimed, fault=fault.fault)
    return done is None and journal.first(NotInjected, fault=fault.fault) is not None


def _excuse(own: Sequence[_Own], at_s: float, spent: set[_Own]) -> _Own | None:
    for one in own:
        if one.on_s - SLACK_S <= at_s < one.off_begun_s and one not in spent:
            return one
        if one.off_begun_s <= at_s <= one.off_s + SLACK_S:
            return one
    return None
