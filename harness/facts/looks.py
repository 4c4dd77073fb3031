"""Looks, for not looking is a fact too; and what was seen of edges, containers and the machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

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
class Measured(Fact):
    """One number that a probe of the user's own saw: `what` it is of, in which unit, told apart by labels. None: there was none."""

    probe: str
    what: str
    value: float | None
    unit: str = ""
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Witnessed(Fact):
    """One complete exchange of the dependency's protocol through the edge, from inside the caller's network.

    outcome     answered, refused, reset, closed, hung (no answer within `limit_ms`), unreachable, blinded (caller does not run)
    connect_ms  the connect alone; answer_ms the exchange after it (None when not reached)
    chunks      reads that the answer came in; size its bytes
    turns       how often the exchange waited for the other side: a latency on the edge is felt once a turn
    speaks      '' when only connecting was tried
    outside     it was made from this machine, where what publishes the edge's port may accept in its place, and then end
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
    outside: bool = False


@dataclass(frozen=True, kw_only=True)
class ContainerSeen(Fact):
    """A container of the stack as Docker describes it; `image` as its Compose file names it, `image_id` its digest.

    addresses  by Docker network, the container's own (IPv4, then IPv6, with a space between) while it runs; one that runs in
               another's network has that one's
    names      others that it answers to: its host name, and its aliases on its networks
    network_of the container whose network it runs in (its id, where that one is gone), '' for its own
    program    the name of what it runs; '' where a shell or a script of its own hides it
    """

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
    addresses: dict[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    network_of: str = ""
    program: str = ""


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
    """What a container's memory cgroup holds, without file pages, which the kernel drops before it kills (`docker stats` counts the active ones).

    limit_bytes   the container's own limit; None when it has none, and so shares the machine's memory
    """

    service: str
    container: str
    used_bytes: int
    limit_bytes: int | None = None


class Holding(NamedTuple):
    """What is counted of a service's containers: `of` is connections or threads; `toward`: of connections, those to it alone."""

    service: str
    of: str
    toward: str = ""

    def __str__(self) -> str:
        return f"the {self.of} of {self.service}" + (f" toward {self.toward}" if self.toward else "")


@dataclass(frozen=True, kw_only=True)
class HeldSeen(Fact):
    """How many of what a Holding says a container holds. Connections are open ones (ESTABLISHED, CLOSE_WAIT) of its network,
    each once; threads are those of all its processes.

    unclosed   of connections, those that the other side has closed and this one has not (CLOSE_WAIT)
    limit      the container's own (`pids_limit`); None when it has none
    """

    service: str
    container: str
    of: str
    count: int
    toward: str = ""
    unclosed: int = 0
    limit: int | None = None


@dataclass(frozen=True, kw_only=True)
class PressureSeen(Fact):
    """The kernel's pressure stall information of this machine's processors: for how many µs since its boot some task that
    could run had to wait for one.
    """

    cpu_some_us: int


@dataclass(frozen=True, kw_only=True)
class ProcessorsSeen(Fact):
    """Who used this machine's processors in the `over_s` seconds before this look; all in seconds of processor time.

    processors  how many the machine has
    idle_s      nobody (waiting for a disk too); steal_s: other virtual machines on the same hardware
    busy_s      all processes together, niced ones too, without interrupts
    stack_s     of it the run's containers, its helpers among them; harness_s the harness and all that it started
    docker_s    Docker's own processes without what they started, which work for this run and for others: they are put to nobody's account
    """

    over_s: float
    processors: int
    idle_s: float
    steal_s: float
    busy_s: float
    stack_s: float
    harness_s: float
    docker_s: float = 0.0

    @property
    def others_s(self) -> float:
        """What processes outside of this run used. The counters are read one after the other: less than nothing is nothing."""
        return max(0.0, self.busy_s - self.stack_s - self.harness_s - self.docker_s)


@dataclass(frozen=True, kw_only=True)
class HostSeen(Fact):
    """This machine's own resources; None (or a disk that is missing) for what could not be looked at.

    cpu_ratio      share of all processors together that was used since the look before; waiting for a disk is no use
    memory_bytes   of the machine, and what of it can be had without swapping (MemAvailable)
    disks          by folder: bytes that may still be written, and of how many
    """

    cpu_ratio: float | None = None
    memory_bytes: int | None = None
    memory_free_bytes: int | None = None
    disks: dict[str, tuple[int, int]] = field(default_factory=dict)
