"""Guards: limits that end the drill at once and mend everything. Looked at every second, each on what its probe has seen.

Of what could not be looked at for `blind_s` the guard trips, too: blind is not safe.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.drill.guards import AlertGuard, AnyGuard, DeathGuard, GoodputGuard, Guard, HostGuard, PromGuard, request_of
from harness.facts import (
    Aimed,
    AlertChanged,
    ContainerChanged,
    ContainerSeen,
    Executed,
    Executing,
    Fact,
    GuardTripped,
    HostSeen,
    Injecting,
    LeverEnded,
    LeverPulled,
    LoadSampled,
    Looked,
    Mended,
    Restarted,
    Sampled,
)
from harness.journal import Journal
from harness.quantities import figures
from harness.run.guards_seen import alert_fires, blind, container_died, host_short, unmade
from harness.run.stop import Stopped
from harness.stats import holds
from harness.stats.goodput import goodput_per_s

if TYPE_CHECKING:
    from harness.ledger import Rows

SHORTEST_S = 1.0  # of a guard on requests without a length of its own
BLIND_S = 15.0  # what a drill says nothing else of
MARGIN_S = 30.0  # of looks, kept beyond the longest guard's time
ASKED = "samples"  # the probe that asks the expressions
_LOOKS = (Looked, Sampled, HostSeen, LoadSampled)
_PROBES = (ASKED, "alerts", "containers")
_DEEDS = (Injecting, Aimed, Mended, LeverPulled, LeverEnded, Executing, Executed, Restarted)


@dataclass
class Guards:
    """The guards of one run. It hears every fact, from any thread, and keeps what they are decided on, of looks the latest only.

    told   the locustfile's text tells every request, and so those of the guards are among them, however late they come
    """

    limits: Sequence[AnyGuard]
    blind_s: float = BLIND_S
    told: bool = False
    _kept: list[Fact] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, fact: Fact) -> None:
        """One fact as it is written."""
        if self._wanted(fact):
            with self._lock:
                self._kept.append(fact)

    def check(self, rows: Rows, since_s: float, now_s: float) -> None:
        """Raise Stopped with the first guard that trips; none looks at what was before `since_s`, when the load began."""
        check(self.limits, rows, since_s, now_s)
        journal = self._journal(now_s)
        check_load(self.limits, journal, since_s, now_s, self.blind_s)
        if not self.told:
            check_made(self.limits, rows, since_s, now_s, self.blind_s)
        check_asked(self.limits, journal, since_s, now_s, self.blind_s)
        for guard in self.limits:
            tripped = None
            if isinstance(guard, AlertGuard):
                tripped = alert_fires(guard, journal, since_s, now_s, self.blind_s)
            elif isinstance(guard, DeathGuard):
                tripped = container_died(guard, journal, since_s, now_s, self.blind_s)
            elif isinstance(guard, HostGuard):
                tripped = host_short(guard, journal, since_s, now_s, self.blind_s)
            if tripped is not None:
                raise Stopped("guard", tripped)

    def _wanted(self, fact: Fact) -> bool:
        kinds = {type(guard) for guard in self.limits}
        if isinstance(fact, Looked):
            return fact.probe in _PROBES
        if isinstance(fact, AlertChanged):
            return any(isinstance(guard, AlertGuard) and guard.means(fact.alert) for guard in self.limits)
        return (
            (isinstance(fact, Sampled) and PromGuard in kinds)
            or (isinstance(fact, LoadSampled) and bool(kinds & {Guard, GoodputGuard}))
            or (isinstance(fact, HostSeen) and HostGuard in kinds)
            or (isinstance(fact, (ContainerChanged, ContainerSeen, *_DEEDS)) and DeathGuard in kinds)
        )

    def _journal(self, now_s: float) -> Journal:
        longest_s = max((getattr(guard, "for_s", 0.0) for guard in self.limits), default=0.0)
        oldest_s = now_s - longest_s - self.blind_s - MARGIN_S
        with self._lock:
            self._kept = [one for one in self._kept if one.seen_s >= oldest_s or not isinstance(one, _LOOKS)]
            return Journal(tuple(self._kept))


def check(guards: Sequence[AnyGuard], rows: Rows, load_began_s: float, now_s: float) -> None:
    """Raise Stopped when a guard on requests holds over its whole window; a window that is not full yet never trips."""
    for guard in guards:
        if not isinstance(guard, (Guard, GoodputGuard)):
            continue
        start_s = now_s - max(guard.for_s, SHORTEST_S)
        if start_s < load_began_s:
            continue
        if isinstance(guard, GoodputGuard):
            value = goodput_per_s(rows, start_s, now_s, guard.request)
            if guard.says(value):
                shown, limit = f"{figures(value)}/s", f"{guard.op} {guard.value:g}/s"
                name = unmade(rows, guard.request)
                never = f"; the load made no request {name}," if name else ""
                _trip(guard, f"goodput was {shown}{never}", limit, shown, start_s, now_s)
            continue
        (held,) = holds((guard.condition,), rows, start_s, now_s, now_s=now_s)
        if held.holds:
            shown = str(held).removeprefix(f"{guard.condition}: ")
            limit = f"{guard.condition.op} {str(guard.condition).partition(f' {guard.condition.op} ')[2]}"
            _trip(guard, str(held), limit, shown, start_s, now_s)


def check_load(
    guards: Sequence[AnyGuard], journal: Journal, since_s: float, now_s: float, blind_s: float = BLIND_S
) -> None:
    """Raise Stopped for a guard on requests when the load process, which says once a second how it does, has not for `blind_s`: one
    that hangs makes no arrivals, and so no errors."""
    guard = next((one for one in guards if isinstance(one, (Guard, GoodputGuard))), None)
    said = journal.of(LoadSampled)
    last_s = max(since_s, said[-1].seen_s if said else since_s)
    if guard is not None and now_s - last_s > blind_s:
        raise Stopped("guard", blind(guard, "the load process", last_s, now_s, blind_s, seen="heard"))


def check_made(guards: Sequence[AnyGuard], rows: Rows, since_s: float, now_s: float, blind_s: float = BLIND_S) -> None:
    """Raise Stopped for a guard on a request that the load, which made others, has not made once in `blind_s`: a name mistyped sees
    nothing."""
    for guard in guards if now_s - since_s > blind_s else ():
        if name := unmade(rows, request_of(guard)):
            raise Stopped("guard", blind(guard, f"a request {name}", since_s, now_s, blind_s, seen="seen"))


def check_asked(
    guards: Sequence[AnyGuard], journal: Journal, since_s: float, now_s: float, blind_s: float = BLIND_S
) -> None:
    """Raise Stopped when an expression gave a series at every look of its time since the load began, or could not be asked for
    `blind_s`."""
    for guard in guards:
        if not isinstance(guard, PromGuard):
            continue
        looks = [look.seen_s for look in journal.of(Looked, probe=ASKED, target=guard.query)]
        dark_s = now_s - max(since_s, looks[-1] if looks else since_s)
        if dark_s > blind_s:
            raise Stopped("guard", blind(guard, guard.query, now_s - dark_s, now_s, blind_s, seen="asked"))
        if not looks or looks[-1] - guard.for_s < since_s:
            continue  # its time, from when the load began, is not full yet
        start_s = looks[-1] - guard.for_s
        samples = [s for s in journal.of(Sampled, query=guard.query) if s.seen_s <= looks[-1]]
        before = [s for s in samples if s.seen_s < start_s]
        seen = [s for s in samples if s.seen_s >= start_s] if guard.for_s else samples[-1:]
        if seen and all(s.count for s in seen) and (not guard.for_s or before):
            value = "" if seen[-1].value is None else f" ({figures(seen[-1].value, 4)})"
            held = f" for {guard.for_s:g} s" if guard.for_s else ""
            detail = f"{guard.query} gave {seen[-1].count} series{value}{held}, since {seen[0].seen_s:.1f} s"
            raise Stopped(
                "guard",
                GuardTripped(
                    guard=str(guard),
                    detail=detail,
                    value=f"{seen[-1].count} series{value}",
                    limit="no series",
                    since_s=seen[0].seen_s,
                ),
            )


def check_duration(max_duration_s: float, now_s: float) -> None:
    """Raise Stopped when the run is older than its maximum duration."""
    if now_s > max_duration_s:
        detail = f"the run is {now_s:.0f} s old, its maximum duration is {max_duration_s:g} s"
        value, limit = f"{now_s:.0f} s", f"{max_duration_s:g} s"
        raise Stopped(
            "guard", GuardTripped(guard="max_duration", detail=detail, value=value, limit=limit, since_s=max_duration_s)
        )


def _trip(guard: AnyGuard, said: str, limit: str, value: str, start_s: float, now_s: float) -> None:
    detail = f"{said} over the last {now_s - start_s:g} s, since {start_s:.1f} s (guard: {guard})"
    raise Stopped(
        "guard", GuardTripped(guard=str(guard), detail=detail, value=value, limit=limit, since_s=round(start_s, 3))
    )
