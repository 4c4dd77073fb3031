"""The world's handles as types: what a fault or a probe may ask of the outside. Real ones stand beside; fakes in testing.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.facts import ContainerChanged, ContainerSeen, Surveyed, Witnessed


@dataclass(frozen=True)
class Toxic:
    """One toxic as Toxiproxy knows it: type, attributes in its own units, stream, share of connections (toxicity 0..1)."""

    type: str
    attributes: Mapping[str, int]
    stream: str = "downstream"
    toxicity: float = 1.0


@dataclass(frozen=True)
class Want:
    """What one holder wants of one edge. Several holders may want things of the same edge; the reconciler joins them.

    holder   who wants it (the fault's id); one want per holder and edge
    toxics   toxics on every proxy of the edge
    closed   the edge refuses connections, whatever its dependency does
    cut      open connections are closed once, when the want is applied
    """

    edge: str
    holder: str
    toxics: tuple[Toxic, ...] = ()
    closed: bool = False
    cut: bool = False


class Clock(Protocol):
    """Seconds since the run was opened (monotonic), and waiting."""

    def now_s(self) -> float: ...
    def wall_s(self) -> float: ...
    def wait_until(self, at_s: float) -> None: ...


class Proxies(Protocol):
    """The one writer to Toxiproxy. Others say what they want; it makes it so and reads it back."""

    def want(self, want: Want) -> Mapping[str, Any]:
        """Apply and read back; returns what was read, per proxy. Raises errors.NotApplied (the want is then withdrawn)."""
        ...

    def unwant(self, holder: str) -> str:
        """Withdraw all that the holder wanted; returns the rung of the clean-up ladder used ('' for an ordinary removal).

        Raises errors.NotMended with the commands for a person, when every rung failed.
        """
        ...

    def listening(self, service: str, ports: Sequence[int]) -> None:
        """The keeper's news: a dependency listens on exactly these ports; its edges are opened or closed to match."""
        ...

    def holders(self) -> tuple[str, ...]:
        """Whoever wants something now."""
        ...


class Containers(Protocol):
    """The containers of this run's stack, by service. Every call has a time-out and raises errors.NotApplied."""

    def states(self, service: str = "") -> Sequence[ContainerSeen]: ...
    def changes(self) -> Sequence[ContainerChanged]:
        """Docker's events since the last call, oldest first."""
        ...

    def stop(self, service: str, grace_s: float) -> None: ...
    def kill(self, service: str, signal: str) -> None: ...
    def pause(self, service: str) -> None: ...
    def unpause(self, service: str) -> None: ...
    def start(self, service: str) -> None: ...
    def restart(self, service: str) -> None: ...


class Lookout(Protocol):
    """Looks from inside a caller's network."""

    def look(self, edge: str) -> Witnessed:
        """One complete exchange through the edge; an outcome for everything, it raises nothing but errors.NotApplied."""
        ...

    def survey(self) -> Sequence[Surveyed]:
        """The connections of every caller, one record per edge."""
        ...


@dataclass(frozen=True)
class World:
    clock: Clock
    proxies: Proxies
    containers: Containers
    lookout: Lookout
    extra: Mapping[str, Any] = field(default_factory=dict)
