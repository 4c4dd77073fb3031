"""Of a run on a system that ran already: which one, what it could not offer, and what its proxies carried."""

from __future__ import annotations

from dataclasses import dataclass

from harness.facts.base import Fact


@dataclass(frozen=True, kw_only=True)
class TargetChosen(Fact):
    """The run is played on this target, which it neither starts nor stops. `load` is where its load goes."""

    target: str
    load: str


@dataclass(frozen=True, kw_only=True)
class Unavailable(Fact):
    """A fault or a claim, by its id, that this target cannot offer, and why; known before the run began.

    Such a fault was not injected, and such a claim is never decided.
    """

    what: str
    why: str


@dataclass(frozen=True, kw_only=True)
class LogFound(Fact):
    """The log of a service of a target, followed from here on; it is told by no container's name, but by its service's."""

    service: str


@dataclass(frozen=True, kw_only=True)
class ProjectCompared(Fact):
    """A Compose project that the run was played on was held against what it was before; `differences`: a line each, none when it is the
    same."""

    project: str
    differences: tuple[str, ...] = ()
