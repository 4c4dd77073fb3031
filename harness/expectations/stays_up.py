"""Containers do not die, run out of memory or restart, but for what our own faults did to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import Field

from harness.expectations.base import Evidence, Expectation, Reach, serves
from harness.expectations.requests import cites, not_begun
from harness.facts import (
    Aimed,
    ContainerChanged,
    ContainerSeen,
    Fact,
    GateHeld,
    Injecting,
    Mended,
    NotInjected,
    Restarted,
)
from harness.journal import Journal, Window
from harness.lodgers import touches
from harness.verdict import Finding, Measure, failed, inconclusive, passed

PROBE = "containers"
GAP_S = 5.0  # as the probe promises (harness/probes/containers.py); a test holds them together
LAG_S = 1.0
SLACK_S = 1.0  # between Docker's clock and ours, and for a death that our mend brings about


class StaysUp(Expectation):
    """No container of a service dies, is killed for want of memory, or is restarted.

        expect:
          - stays_up: {}
          - stays_up: {service: api, restarts: 1}

    Units:   restarts: how many deaths are forgiven, over all containers of the claim together (0).
             Without `service` (or with "*") all services.
    Counts:  Docker's `die` and `oom` events, its own count of restarts, and containers found ended. Not counted: what a
             fault of ours (stop, kill, pause) did to its own target (of `replicas`, to those it chose), a release to what lives in its service's
             network, a restart of ours
             (`restore: restart`), and one-shot services that had ended before.
    Decides: failed at the first death too many, whatever the gates say; passed when the window is over and Docker was
             asked all the time.
    Source:  Docker's events, and `docker inspect` (State.OOMKilled, RestartCount).
    """

    word: ClassVar[str] = "stays_up"

    service: str = Field(default="*", description="a service of the stack; all when left out")
    restarts: int = Field(default=0, ge=0, description="how many deaths or restarts are forgiven")

    def about(self) -> str:
        return "all" if self.service == "*" else self.service

    def undecidable(self, reach: Reach) -> str:
        return reach.no_service(self.service)

    def check(self, evidence: Evidence) -> Finding:
        window = evidence.window
        if window is None:
            return not_begun(evidence)
        journal = evidence.journal
        lives = [_life(journal, name, service, window) for name, service in self._containers(journal, window)]
        deaths = [fact for life in lives for fact in life.deaths]
        count = sum(max(len(life.deaths), life.restarted) for life in lives)
        what = "no container" if self.service == "*" else f"no container of {self.service}"
        until = f"from {window.start_s:.1f} s to {min(window.end_s, journal.end_s):.1f} s"
        measure = Measure(count, count, "deaths")
        if count > self.restarts:
            said = "; ".join(dict.fromkeys(line for life in lives for line in life.said()))
            return failed(
                f"{said} ({count} in all, {self.restarts} forgiven)",
                reason="died",
                measure=measure,
                cites=cites(evidence, *deaths),
                census=True,
            )
        if not lives:
            return inconclusive(
                f"{what} was ever seen", decide="a look at the containers of the stack", cites=cites(evidence)
            )
        open_ = [life for life in lives if life.open]
        if not window.ended or open_:
            return inconclusive(
                f"{what} had died too often by {journal.end_s:.1f} s, but the window was not over",
                reason="window_open",
                decide="the window's end, with every fault mended",
                cites=cites(evidence),
            )
        if not journal.watched(PROBE, "", window.start_s, window.end_s, GAP_S, LAG_S):
            return inconclusive(
                f"Docker was not asked all the time {until}",
                reason="not_watched",
                decide=f"a look at least every {GAP_S:g} s until {LAG_S:g} s after the window",
                cites=cites(evidence),
            )
        excused = sum(len(life.excused) for life in lives)
        own = f"; {excused} by our own faults" if excused else ""
        forgiven = f" ({count} forgiven{own})" if count else f" ({excused} by our own faults)" if excused else ""
        return passed(f"{what} died {until}{forgiven}", measure=measure, cites=cites(evidence))

    def _containers(self, journal: Journal, window: Window) -> list[tuple[str, str]]:
        seen: Sequence[ContainerSeen | ContainerChanged] = (
            *journal.of(ContainerSeen, until_s=window.end_s),
            *journal.of(ContainerChanged, until_s=window.end_s),
        )
        return sorted({(fact.container, fact.service) for fact in seen if serves(fact.service, self.service)})


@dataclass
class _Life:
    """What became of one container in the window. `open`: a fault on it is on, its deaths cannot be told apart yet."""

    service: str
    deaths: list[Fact] = field(default_factory=list)
    excused: list[Fact] = field(default_factory=list)
    restarted: int = 0
    open: bool = False

    def said(self) -> list[str]:
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
    """One fault of ours on the service: when it was put on and, once it is, taken off."""

    on_s: float
    off_begun_s: float
    off_s: float


def _life(journal: Journal, container: str, service: str, window: Window) -> _Life:
    own = _own_faults(journal, service, container)
    life = _Life(service, open=any(one.off_s == float("inf") for one in own if one.on_s < window.end_s))
    spent: set[_Own] = set()
    for event in journal.of(ContainerChanged, container=container, until_s=window.end_s):
        if event.event not in ("die", "oom") or event.at_s >= window.end_s:
            continue
        by = _excuse(own, event.at_s, spent)
        if by is not None:
            if event.event == "die" and event.at_s < by.off_begun_s:
                spent.add(by)  # a fault explains one death; what dies again by itself while it is on does so on its own
            life.excused.append(event)
        elif event.at_s >= window.start_s and not life.open and not _oom_before(life, event):
            life.deaths.append(event)
    _add_found(journal, container, window, own, life)
    return life


def _oom_before(life: _Life, event: ContainerChanged) -> bool:
    """Whether this death is the end of the oom just counted."""
    last = life.deaths[-1] if life.deaths else None
    return isinstance(last, ContainerChanged) and last.event == "oom" and event.at_s - last.at_s < 2.0


def _add_found(journal: Journal, container: str, window: Window, own: Sequence[_Own], life: _Life) -> None:
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
    life.restarted = max(0, max(look.restarts for look in inside) - inside[0].restarts - ours)
    since_s = held.at_s if held else window.start_s
    at_gate = [look for look in looks if look.at_s <= since_s][-1:]
    ran = any(look.status == "running" for look in (*at_gate, *(look for look in looks if look.at_s > since_s)))
    for look in inside:
        at_s = max(look.at_s, window.start_s)
        ended = look.status in ("exited", "dead") and (ran or look.exit_code != 0)
        if ended and not life.deaths and not any(o.on_s - SLACK_S <= at_s <= o.off_s + SLACK_S for o in own):
            life.deaths.append(look)
            return


def _own_faults(journal: Journal, service: str, container: str) -> list[_Own]:
    restarts = (fact for fact in journal.of(Restarted) if service in fact.services)
    own = [_Own(fact.begun_s, fact.begun_s, fact.seen_s) for fact in restarts]
    for fact in journal.of(Injecting):
        if not touches(journal, fact, container, service):
            continue
        aimed = journal.first(Aimed, fault=fact.fault)
        if aimed is not None and container not in aimed.containers:
            continue
        if journal.first(NotInjected, fault=fact.fault) is not None and journal.first(Mended, fault=fact.fault) is None:
            continue
        mended = journal.first(Mended, fault=fact.fault, since_s=fact.at_s)
        own.append(
            _Own(fact.at_s, mended.begun_s, mended.seen_s) if mended else _Own(fact.at_s, float("inf"), float("inf"))
        )
    return own


def _excuse(own: Sequence[_Own], at_s: float, spent: set[_Own]) -> _Own | None:
    for one in own:
        if one.on_s - SLACK_S <= at_s < one.off_begun_s and one not in spent:
            return one
        if one.off_begun_s <= at_s <= one.off_s + SLACK_S:
            return one
    return None
