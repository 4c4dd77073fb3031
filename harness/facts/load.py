"""The load: when it began and ended, and how well it kept up."""

from __future__ import annotations

from dataclasses import dataclass

from harness.facts.base import Fact


@dataclass(frozen=True, kw_only=True)
class LoadReady(Fact):
    """All users are started and wait at the gate; no arrival has been due yet."""

    users: int
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class LoadBegan(Fact):
    """Arrivals are due from `begins_s` on."""

    begins_s: float


@dataclass(frozen=True, kw_only=True)
class LoadSaid(Fact):
    """The load process reported something: kind is warning, replaced, ungated, refused, broken, …

    own_ids: the locustfile sets an id's header itself; answer_ids: answers bear ids that are not the load's. Each once.
    """

    kind: str
    text: str
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class LoadSampled(Fact):
    """Once a second: the load process's own CPU share of one core and how late its arrivals begin (greatest, this second)."""

    cpu_ratio: float
    late_ms: float
    due: int
    dropped: int


@dataclass(frozen=True, kw_only=True)
class LoadEnded(Fact):
    """The load stopped; ended_s is when the last arrival was due. `clean` when it ended as told."""

    clean: bool
    ended_s: float
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class WorkerClock(Fact):
    """How a worker on another machine tells the time, measured `before` the load and `after` it, by the fastest of its round trips.

    uncertainty_ms  half of that round trip: the run's clock is set there by it, true to ± this
    drift_ms        how far it has moved since it was set
    wall_offset_ms  its wall clock minus ours; no time of a request stands on it
    """

    worker: int
    when: str
    uncertainty_ms: float
    drift_ms: float = 0.0
    wall_offset_ms: float = 0.0
    round_trips: int = 0
    machine: str = ""


@dataclass(frozen=True, kw_only=True)
class WorkerLost(Fact):
    """One of the `workers` that shared the load is gone; lost_s is until when it is known to have sent its part of the arrivals.

    machine    its name, where the worker ran on another one
    in_flight  requests that were under way then: what came of them is not known, and they count in no claim (LOST)
    home       whether all that it recorded is in the ledger
    """

    worker: int
    workers: int
    lost_s: float
    machine: str = ""
    in_flight: int = 0
    home: bool = True
    detail: str = ""
