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
