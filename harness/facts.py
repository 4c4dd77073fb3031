"""Facts: what happened or was seen, in the past tense, never a conclusion. A run's journal is a list of them.

Each fact carries the stamp of its writer: `writer` and `number` (together its citation), `seen_s` (seconds since the run was
opened, monotonic) and, where the source gives one, `happened_s` on the same axis. `at_s` prefers the latter.
The format is public: fields are only added, with defaults; `Opened.format` counts incompatible changes.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Fact:
    """The stamp. Writers set it; a fact made by hand has the defaults."""

    writer: str = ""
    number: int = 0
    seen_s: float = 0.0
    happened_s: float | None = None

    @property
    def at_s(self) -> float:
        return self.seen_s if self.happened_s is None else self.happened_s

    @property
    def cite(self) -> str:
        return f"{self.writer}:{self.number}"


# --- the run -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Opened(Fact):
    """The run began; `monotonic_ns` (CLOCK_MONOTONIC) and `wall_unix_s` were read together at second 0."""

    drill: str
    run: str
    wall_unix_s: float
    monotonic_ns: int
    version: str = ""
    format: int = 1


@dataclass(frozen=True, kw_only=True)
class ClockRead(Fact):
    """Monotonic (`seen_s`) and wall clock read together, every second; a step of the wall clock shows here."""

    wall_unix_s: float


@dataclass(frozen=True, kw_only=True)
class Closed(Fact):
    """The run ended and everything was taken down; `left` lists what could not be removed."""

    left: tuple[str, ...] = ()


# --- steps: asked, then done or not -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Asked(Fact):
    """Something is about to be done, written before the deed. `what`: stack_up, load, stack_down, restart, …"""

    step: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Done(Fact):
    step: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Failed(Fact):
    step: str
    error: str


# --- edges and services of the stack ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class EdgeFound(Fact):
    """An edge as it was placed for this run (see harness.edges.Edge)."""

    edge: str
    address: str
    ports: tuple[int, ...] = ()
    speaks: str = ""
    known: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True, kw_only=True)
class ListenersChanged(Fact):
    """The keeper saw a dependency's TCP listeners change; the edges to it are open on exactly these ports."""

    service: str
    ports: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Surveyed(Fact):
    """A survey of a caller's connections: how many went over the edge's address, how many straight to the dependency."""

    edge: str
    mediated: int
    direct: int
    examples: tuple[str, ...] = ()


# --- phases ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class GateHeld(Fact):
    """The steady state held for as long as the drill asks; the first phase may begin."""

    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class GateMissed(Fact):
    """The steady state did not hold within its limit; nothing is injected."""

    detail: str


@dataclass(frozen=True, kw_only=True)
class PhaseBegan(Fact):
    phase: str


@dataclass(frozen=True, kw_only=True)
class PhaseEnded(Fact):
    """The phase's own length is over and its faults are mended; its `then` claims begin to count here."""

    phase: str


@dataclass(frozen=True, kw_only=True)
class PhaseSettled(Fact):
    """Every `then` of the phase is decided or late, and the stack held (`steady`) or did not hold its steady state again."""

    phase: str
    steady: bool
    detail: str = ""


# --- faults ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Injecting(Fact):
    """A fault is about to be injected (written, and on disk, before the deed). `target` is an edge or a service."""

    fault: str
    kind: str
    target: str
    planned_s: float
    stated: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Injected(Fact):
    """The fault was asked for in [begun_s, seen_s] and read back as on."""

    fault: str
    begun_s: float
    readback: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NotInjected(Fact):
    fault: str
    begun_s: float
    error: str


@dataclass(frozen=True, kw_only=True)
class Mended(Fact):
    """The fault was taken away in [begun_s, seen_s] and read back as gone. `why`: plan, halt, guard, signal, error, sweep."""

    fault: str
    begun_s: float
    why: str = "plan"
    ladder: str = ""


@dataclass(frozen=True, kw_only=True)
class NotMended(Fact):
    """The fault is still on; `commands` are what a person can type."""

    fault: str
    error: str
    commands: tuple[str, ...] = ()


# --- looks: not looking is a fact too ---------------------------------------------------------------------------------------


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
    """A container of the stack as Docker describes it."""

    service: str
    container: str
    status: str
    health: str = ""
    exit_code: int = 0
    oom_killed: bool = False
    restarts: int = 0
    started_at: str = ""


@dataclass(frozen=True, kw_only=True)
class ContainerChanged(Fact):
    """An event of Docker's: start, die, oom, kill, stop, pause, unpause, restart, destroy, health_status."""

    service: str
    container: str
    event: str
    exit_code: int | None = None
    detail: str = ""


# --- load -----------------------------------------------------------------------------------------------------------------


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
    """The load process reported something: kind is warning, replaced, ungated, refused, broken, …"""

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


# --- ends -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class GuardTripped(Fact):
    guard: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class HaltAsked(Fact):
    by: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Interrupted(Fact):
    signal: str


@dataclass(frozen=True, kw_only=True)
class Refused(Fact):
    """The run ended before its first injection, because something that it needs is not so; exit 4."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Broke(Fact):
    """An error of the harness itself."""

    error: str


def kind_of(fact: Fact | type[Fact]) -> str:
    """`PhaseBegan` is written as 'phase_began'."""
    name = fact.__name__ if isinstance(fact, type) else type(fact).__name__
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class _Kinds:
    by_name: ClassVar[dict[str, type[Fact]]] = {}


def to_dict(fact: Fact) -> dict[str, Any]:
    """A fact as JSON-ready data; `fact` holds its kind, empty optional fields are left out."""
    data = {f.name: getattr(fact, f.name) for f in dataclasses.fields(fact)}
    if data["happened_s"] is None:
        del data["happened_s"]
    return {"fact": kind_of(fact), **data}


def from_dict(data: dict[str, Any]) -> Fact | None:
    """The inverse. None for a kind that this version does not know (a later version's journal stays readable)."""
    if not _Kinds.by_name:
        _Kinds.by_name.update({kind_of(c): c for c in Fact.__subclasses__()})
    cls = _Kinds.by_name.get(str(data.get("fact")))
    if cls is None:
        return None
    known = {f.name: f for f in dataclasses.fields(cls)}
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in known}
    return cls(**values)
