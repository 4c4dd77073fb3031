"""Why a run is invalid: the experiment did not happen as planned, so that what depends on it cannot pass. Pure.

Each gate is one function from the evidence to a sentence, '' when it is fine. They speak of the load: that faults
landed is asked claim by claim (landings.py), that the stack was steady by the gate of the run itself.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from harness import lateness, surroundings
from harness.facts import (
    GateHeld,
    GateMissed,
    Injecting,
    LoadBegan,
    LoadEnded,
    LoadSaid,
    PhaseBegan,
    WorkerClock,
    WorkerLost,
)
from harness.journal import TICK_S, Journal, Window
from harness.stats.columns import EVER_US, blocks

if TYPE_CHECKING:
    from harness.ledger import Rows

DROPPED = 0.01
BEGUN = 0.99
MISSED = 1 - BEGUN
SPARE = 0.10  # of the time: a machine on which nobody waits for longer has processors to spare
STILL_TRUE_MS = 50.0  # of a worker's clock, uncertainty and drift together: as much as a request may be late


class Planned(Protocol):
    """How many arrivals are due between two instants, from the load's beginning on; 0 when it is not planned."""

    def __call__(self, start_s: float, end_s: float) -> float: ...


@dataclass(frozen=True)
class Load:
    """What the gates look at. `tightest_ms` is the smallest latency that the drill claims, infinite without any;
    `compares`: a claim compares with the time before the first fault.
    """

    journal: Journal
    rows: Rows
    planned: Planned
    tightest_ms: float
    steady_for_s: float
    poisson: bool = False
    compares: bool = False

    @property
    def window(self) -> Window | None:
        """From the first arrival, or the gate, to the last arrival."""
        began, ended = self.journal.first(LoadBegan), self.journal.last(LoadEnded)
        held = self.journal.first(GateHeld)
        if began is None:
            return None
        start_s = max(began.begins_s, held.at_s - self.steady_for_s) if held else began.begins_s
        return Window(start_s, ended.ended_s + TICK_S if ended else self.journal.end_s)


def invalid(load: Load) -> Mapping[Gate, str]:
    """Every reason why the run is invalid, by the gate that says so."""
    return {gate: said for gate in GATES if (said := gate(load))}


def steady(load: Load) -> str:
    missed = load.journal.first(GateMissed)
    return f"the steady state never held before the first phase: {missed.detail}" if missed else ""


def recorded(load: Load) -> str:
    if load.journal.first(LoadBegan) is not None and len(load.rows) == 0 and load.journal.last(LoadEnded) is not None:
        return "the ledger is empty, though the load ran"
    return ""


def ended_well(load: Load) -> str:
    ended = load.journal.last(LoadEnded)
    return (
        f"the load did not end as it was told: {ended.detail or 'no reason given'}" if ended and not ended.clean else ""
    )


def whole(load: Load) -> str:
    """A worker that died took its part of the load along: what matters is how much of any stretch of the run nobody sent."""
    window, journal = load.window, load.journal
    for lost in journal.of(WorkerLost) if window is not None else ():
        who = f"worker {lost.worker}{f' on {lost.machine}' if lost.machine else ''} of {lost.workers} was lost"
        who += f" at {lost.lost_s:.1f} s ({lost.detail})"
        if not lost.home:
            return f"{who}, and what it recorded last did not come home"
        if window is not None and (missed := _missed(load, window, lost)) > MISSED:
            return f"{who}: from then on nobody sent its part, {100 * missed:.0f}% of a phase's arrivals at the most"
    return ""


def _missed(load: Load, window: Window, lost: WorkerLost) -> float:
    """The greatest share of a phase's load, or of the baseline's, that a lost worker did not send; of users, who are not planned, the
    time counts."""
    began_s = window.start_s
    marks = sorted(
        {began_s, *(phase.at_s for phase in load.journal.of(PhaseBegan) if phase.at_s < window.end_s), window.end_s}
    )
    most = 0.0
    for start_s, end_s in itertools.pairwise(marks):
        if end_s > lost.lost_s:
            since_s, load_s = max(start_s, lost.lost_s), load.journal.of(LoadBegan)[0].begins_s
            planned = load.planned(start_s - load_s, end_s - load_s)
            gone = (
                load.planned(since_s - load_s, end_s - load_s) / planned
                if planned
                else (end_s - since_s) / (end_s - start_s)
            )
            most = max(most, gone / lost.workers)
    return most


def not_dropped(load: Load) -> str:
    arrivals, dropped = _arrivals(load)
    if arrivals and dropped > DROPPED * arrivals:
        share = 100 * dropped / arrivals
        reached = f"more than {DROPPED:.0%}: max_in_flight was reached"
        return f"{dropped} of {arrivals} arrivals ({share:.1f}%) were dropped, {reached}"
    return ""


def all_begun(load: Load) -> str:
    window, began = load.window, load.journal.first(LoadBegan)
    if window is None or began is None or load.journal.last(LoadEnded) is None:
        return ""
    planned = load.planned(window.start_s - began.begins_s, window.end_s - began.begins_s)
    arrivals, _ = _arrivals(load)
    spread = 4.0 * math.sqrt(planned) if load.poisson else 2.0  # chance, or the window's two edges
    if planned and arrivals < BEGUN * planned - spread:
        fewer = f"fewer than {BEGUN:.0%}: the load fell behind"
        return f"{arrivals} of {planned:.0f} planned arrivals were due, {fewer}"
    return ""


def in_time(load: Load) -> str:
    """Lateness before the first injection: later it may be the service that is felt, on a machine that is shared."""
    window, injecting = load.window, load.journal.first(Injecting)
    if window is None:
        return ""
    end_s = min(window.end_s, injecting.at_s if injecting else math.inf)
    late = lateness.late(load.rows, window.start_s, end_s, load.tightest_ms)
    if late:
        share = surroundings.stalled(load.journal, window.start_s, end_s)
        return (
            f"before the first fault requests were sent {late}: the generator was starved ({surroundings.told(share)})"
        )
    return ""


def kept_up(load: Load) -> str:
    """Lateness after the first injection, where the machine had processors to spare: then it is the load's own."""
    window, injecting = load.window, load.journal.first(Injecting)
    if window is None or injecting is None or injecting.at_s >= window.end_s:
        return ""
    share = surroundings.stalled(load.journal, injecting.at_s, window.end_s)
    if share is None or share > SPARE:
        return ""
    late = lateness.late(load.rows, injecting.at_s, window.end_s, load.tightest_ms)
    return (
        f"after the first fault requests were sent {late} though the machine had processors to spare "
        f"({surroundings.told(share)}): the load process itself could not keep up"
        if late
        else ""
    )


def clocks(load: Load) -> str:
    return (
        surroundings.stepped(load.journal) or surroundings.prometheus_off(load.journal) or _workers_clocks(load.journal)
    )


def _workers_clocks(journal: Journal) -> str:
    for clock in journal.of(WorkerClock):
        off_ms = abs(clock.drift_ms) + clock.uncertainty_ms
        if off_ms > STILL_TRUE_MS:
            who = f"worker {clock.worker}{f' on {clock.machine}' if clock.machine else ''}"
            return f"the clock of {who} may be off by {off_ms:.0f} ms (measured {clock.when} the load; limit {STILL_TRUE_MS:.0f} ms)"
    return ""


def at_rest(load: Load) -> str:
    """The service was at rest before the first fault, as far as what is claimed depends on it: the least limit on a latency,
    or, where a claim compares with that time, a twentieth of what it was.
    """
    window, injecting = load.window, load.journal.first(Injecting)
    if window is None or injecting is None or not (load.compares or math.isfinite(load.tightest_ms)):
        return ""
    material_ms = 0.0 if load.compares else lateness.SHARE * load.tightest_ms
    return surroundings.unsettled(load.rows, window.start_s, min(window.end_s, injecting.at_s), material_ms)


def gated(load: Load) -> str:
    from harness.ledger import UNGATED

    said = load.journal.first(LoadSaid, kind="ungated")
    count = sum(int(((block.flags & UNGATED) != 0).sum()) for block in blocks(load.rows, -EVER_US, EVER_US))
    if said is None and not count:
        return ""
    what = f": {said.text}" if said else ""
    return f"{max(count, said.count if said else 0)} requests were sent outside of any arrival{what}"


Gate = Callable[[Load], str]
GATES: Sequence[Gate] = (
    steady,
    at_rest,
    recorded,
    ended_well,
    whole,
    not_dropped,
    all_begun,
    in_time,
    kept_up,
    gated,
    clocks,
)
ITS_OWN: Sequence[Gate] = (recorded, ended_well, whole, all_begun, in_time, kept_up, gated)
"""What ails the load itself. A steady state that is not reached and arrivals that are dropped may be the service's doing."""
SENT_LATE: Sequence[Gate] = (in_time, kept_up)
"""Everything was sent, some of it late: what does not depend on when it was (`Expectation.whenever_sent`) stands."""


def _arrivals(load: Load) -> tuple[int, int]:
    """Arrivals due in the window, and those of them that were dropped."""
    from harness.ledger import OUTCOMES

    window, arrivals, dropped = load.window, 0, 0
    if window is not None:
        for block, where, first in lateness.first_requests(load.rows, window.start_s, window.end_s):
            arrivals += int(first.sum())
            dropped += int((first & (block.outcome[where] == OUTCOMES.index("dropped"))).sum())
    return arrivals, dropped
