"""Looks, for not looking is a fact too; and what was seen of edges, containers and the machine."""

from __future__ import annotations

from dataclasses import dataclass

from harness.facts.base import Fact


@dataclass(frozen=True, kw_only=True)
class Looked(Fact):
    """A probe looked at its target and could see, also when there was nothing to see."""

    probe: str
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class Blinded(Fact):
    """A probe wanted to look and could not."""

    probe: str
    target: str
    error: str


@dataclass(frozen=True, kw_only=True)
class Witnessed(Fact):
    """One complete exchange of the dependency's protocol through the edge, from inside the caller's network.

    outcome     answered, refused, reset, closed, hung (no answer within `limit_ms`), unreachable, blinded (caller does not run)
    connect_ms  the connect alone; answer_ms the exchange after it (None when not reached)
    chunks      reads that the answer came in; size its bytes
    turns       how often the exchange waited for the other side: a latency on the edge is felt once a turn
    speaks      '' when only connecting was tried
    """

    edge: str
    port: int
    outcome: str
    speaks: str = ""
    connect_ms: float | None = None
    answer_ms: float | None = None
    close_ms: float | None = None
    size: int = 0
    chunks: int = 0
    limit_ms: float = 0.0
    error: str = ""
    turns: int = 0


@dataclass(frozen=True, kw_only=True)
class ContainerSeen(Fact):
    """A container of the stack as Docker describes it; `image` as its Compose file names it, `image_id` its digest."""

    service: str
    container: str
    status: str
    health: str = ""
    exit_code: int = 0
    oom_killed: bool = False
    restarts: int = 0
    started_at: str = ""
    image: str = ""
    image_id: str = ""


@dataclass(frozen=True, kw_only=True)
class ContainerChanged(Fact):
    """An event of Docker's: start, die, oom, kill, stop, pause, unpause, restart, destroy, health_status."""

    service: str
    container: str
    event: str
    exit_code: int | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class MemorySeen(Fact):
    """What a container's memory cgroup holds, without file pages that the kernel may drop at once (as `docker stats` counts).

    limit_bytes   the container's own limit; None when it has none, and so shares the machine's memory
    """

    service: str
    container: str
    used_bytes: int
    limit_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class PressureSeen(Fact):
    """The kernel's pressure stall information of this machine's processors: for how many µs since its boot some task that
    could run had to wait for one.
    """

    cpu_some_us: int
