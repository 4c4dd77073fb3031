"""Guards on what probes saw of alerts, containers and this machine: each a question to the journal. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.alerting import PROBE as ALERTS
from harness.alerting import episodes, shown
from harness.deeds import SLACK_S, commands, during, restarts
from harness.drill.guards import AlertGuard, AnyGuard, DeathGuard, HostGuard
from harness.drill.problem import did_you_mean
from harness.facts import ContainerChanged, ContainerSeen, GuardTripped, HostSeen, Injecting, Looked, Mended
from harness.journal import Journal
from harness.lodgers import touches
from harness.quantities import numbered, spell

if TYPE_CHECKING:
    from harness.ledger import Rows

CONTAINERS = "containers"  # the probe that looks at them
ENDED = ("exited", "dead")


SMALL = 2.0  # times the limit of a guard that no drill states


def alert_fires(
    guard: AlertGuard, journal: Journal, since_s: float, now_s: float, blind_s: float
) -> GuardTripped | None:
    """Trips when an alert that it means fired for its time, counted from `since_s` at the earliest."""
    looks = journal.of(Looked, probe=ALERTS)
    last_s = looks[-1].seen_s if looks else since_s
    if now_s - max(since_s, last_s) > blind_s:
        return blind(guard, "Prometheus' alerts", max(since_s, last_s), now_s, blind_s)
    for episode in episodes(journal):
        from_s, until_s = max(since_s, episode.from_s), min(episode.until_s, max(last_s, episode.began.seen_s))
        if not guard.means(episode.alert) or episode.until_s <= since_s or until_s - from_s < guard.for_s:
            continue
        name = f"{episode.alert}{shown(episode.labels)}"
        fired = "fires" if math.isinf(episode.until_s) else f"fired until {episode.until_s:.1f} s"
        return GuardTripped(
            guard=str(guard),
            detail=f"alert {name} {fired}, since {episode.from_s:.1f} s (guard: {guard})",
            value=f"firing for {max(0.0, until_s - from_s):.1f} s",
            limit=f"firing for {spell(guard.for_s)}" if guard.for_s else "not firing",
            since_s=episode.from_s,
        )
    return None


def container_died(
    guard: DeathGuard, journal: Journal, since_s: float, now_s: float, blind_s: float
) -> GuardTripped | None:
    """Trips at the first death since `since_s` that nothing of the drill's explains: no fault on that container (a release and a
    command are on all of its service), no restart of ours, no step of a runbook and no person's command that runs.
    """
    looks = journal.of(Looked, probe=CONTAINERS)
    last_s = max(since_s, looks[-1].seen_s if looks else since_s)
    for death in sorted(_deaths(journal), key=lambda one: one.at_s):
        if death.at_s < since_s or not guard.means(death.service) or _explained(journal, death):
            continue
        return GuardTripped(
            guard=str(guard),
            detail=f"{death.container} ({death.service}) {death.how} at {death.at_s:.1f} s, and no fault of the drill was on it "
            f"(guard: {guard})",
            value=death.how,
            limit="no death",
            since_s=death.at_s,
        )
    return blind(guard, "Docker's containers", last_s, now_s, blind_s) if now_s - last_s > blind_s else None


def host_short(guard: HostGuard, journal: Journal, since_s: float, now_s: float, blind_s: float) -> GuardTripped | None:
    """Trips when every look of its time found the machine beyond the limit. A standing guard that could never look trips never."""
    seen = [(one.seen_s, value, where) for one in journal.of(HostSeen) for value, where in _measured(guard, one)]
    last_s = max(since_s, seen[-1][0] if seen else since_s)
    if now_s - last_s > blind_s:
        return (
            blind(guard, f"this machine's {guard.what}", last_s, now_s, blind_s) if seen or not guard.standing else None
        )
    beyond: list[tuple[float, float, str]] = []
    for look in (one for one in seen if one[0] >= since_s):
        beyond = [*beyond, look] if guard.says(look[1]) else []
    if not beyond or beyond[-1][0] - beyond[0][0] < guard.for_s:
        return None
    value, where = guard.show(beyond[-1][1]), beyond[-1][2]
    of = f" at {where}" if where else ""
    return GuardTripped(
        guard=str(guard),
        detail=f"host {guard.what} was {value}{of}, since {beyond[0][0]:.1f} s (guard: {guard}); {_cure(guard, where)}",
        value=value,
        limit=f"{guard.op} {guard.show(guard.value)}",
        since_s=beyond[0][0],
    )


def _measured(guard: HostGuard, seen: HostSeen) -> Iterator[tuple[float, str]]:
    """The value in the limit's own unit, and where; nothing where it was not looked at. Of disks the one nearest to trip."""
    if guard.what == "cpu":
        if seen.cpu_ratio is not None:
            yield seen.cpu_ratio, ""
        return
    rooms = {where: (free, of) for where, (free, of) in seen.disks.items()} if guard.what == "disk" else {}
    if guard.standing and not guard.share:  # a disk that is that small by itself was meant so
        rooms = {where: (free, of) for where, (free, of) in rooms.items() if of >= SMALL * guard.value}
    if guard.what == "memory" and seen.memory_bytes and seen.memory_free_bytes is not None:
        rooms = {"": (seen.memory_free_bytes, seen.memory_bytes)}
    values = [
        ((free if guard.free else of - free) / (of if guard.share and of else 1), where)
        for where, (free, of) in rooms.items()
    ]
    if values:
        yield min(values) if guard.free else max(values)


def _cure(guard: HostGuard, where: str) -> str:
    """The command that tells more."""
    return {"cpu": "see: top", "memory": "see: free -m; docker stats", "disk": f"see: df -h {where}; docker system df"}[
        guard.what
    ]


def blind(
    guard: AnyGuard, what: str, last_s: float, now_s: float, blind_s: float, seen: str = "looked at"
) -> GuardTripped:
    """What has not been `seen` since `last_s` trips its guard: blind is not safe."""
    dark_s = now_s - last_s
    return GuardTripped(
        guard=str(guard),
        detail=f"{what} could not be {seen} for {dark_s:.0f} s, since {last_s:.1f} s; blind is not safe (guard: {guard})",
        value=f"blind for {dark_s:.0f} s",
        limit=f"blind for {spell(blind_s)}",
        since_s=last_s,
        blind=True,
    )


def unmade(rows: Rows, request: str) -> str:
    """The name, with what was meant, where the load made requests and never one of this name; else ''."""
    names = sorted(name for name in rows.endpoints if name)
    if not request or not names or request in names:
        return ""
    near = did_you_mean(request, names) or f" (it made {', '.join(names[:8])})"
    return f"{request!r}{near}"


@dataclass(frozen=True)
class _Death:
    container: str
    service: str
    at_s: float
    how: str


def _deaths(journal: Journal) -> Iterator[_Death]:
    """Docker's `die` events that tell a failure, and what looks show that no event told. An end with code 0 is none."""
    told: dict[str, list[float]] = {}
    for event in journal.of(ContainerChanged, event="die"):
        told.setdefault(event.container, []).append(event.at_s)
        if event.exit_code != 0:
            code = "" if event.exit_code is None else f" with code {event.exit_code}"
            yield _Death(event.container, event.service, event.at_s, f"died{code}")
    by_container: dict[str, list[ContainerSeen]] = {}
    for seen in journal.of(ContainerSeen):
        by_container.setdefault(seen.container, []).append(seen)
    for container, looks in by_container.items():
        for before, after in pairwise(looks):
            again = after.restarts - before.restarts
            ended = after.status in ENDED and before.status not in ENDED and after.exit_code != 0
            known = any(before.seen_s - SLACK_S <= at_s <= after.seen_s + SLACK_S for at_s in told.get(container, ()))
            if (again > 0 or ended) and not known:
                how = f"was restarted {numbered(again, 'time')}" if again > 0 else f"ended with code {after.exit_code}"
                yield _Death(container, after.service, after.seen_s, how)


def _explained(journal: Journal, death: _Death) -> bool:
    """Whether a fault of the drill was on that container, we restarted it, or a step or a person's command was under way."""
    for fault in journal.of(Injecting):
        if not touches(journal, fault, death.container, death.service):
            continue
        mended = journal.first(Mended, fault=fault.fault, since_s=fault.seen_s)
        if during(death.at_s, [(fault.seen_s, mended.seen_s if mended else math.inf)]):
            return True
    return during(death.at_s, [*commands(journal), *restarts(journal, death.service)])
