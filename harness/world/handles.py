"""The world's handles as types: what a fault or a probe may ask of the outside. Real ones stand beside; fakes in testing.py."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from harness.facts import (
    ContainerChanged,
    ContainerSeen,
    Deployed,
    HeldSeen,
    MemorySeen,
    ReleaseSeen,
    Surveyed,
    Witnessed,
)


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

    def memory(self, service: str) -> Sequence[MemorySeen]:
        """What each running container of the service holds now."""
        ...

    def threads(self, service: str) -> Sequence[HeldSeen]:
        """How many threads each running container of the service has now."""
        ...

    def running(self) -> Sequence[str]:
        """The ids of all containers of the run that run now, the harness's helpers among them."""
        ...

    def pid(self, container: str) -> int:
        """The first process of a container, by its id, as the machine that Docker is on counts them; 0: it does not run."""
        ...

    # `only`: these containers of the service, by name; all of them when left out
    def stop(self, service: str, grace_s: float, only: Collection[str] = ()) -> None: ...
    def kill(self, service: str, signal: str, only: Collection[str] = ()) -> None: ...
    def pause(self, service: str, only: Collection[str] = ()) -> None: ...
    def unpause(self, service: str, only: Collection[str] = ()) -> None: ...
    def start(self, service: str, only: Collection[str] = ()) -> None: ...
    def restart(self, service: str) -> None: ...
    def await_back(self) -> bool:
        """Whether Docker answers (again): one that restarts is waited for, with a limit. For what must be tried again."""
        ...


class Lookout(Protocol):
    """Looks from inside a caller's network."""

    def look(self, edge: str) -> Witnessed:
        """One complete exchange through the edge; an outcome for everything, it raises nothing but errors.NotApplied."""
        ...

    def survey(self) -> Sequence[Surveyed]:
        """The connections of every caller, one record per edge."""
        ...

    def connections(self, service: str, toward: str) -> Sequence[HeldSeen]:
        """How many connections each running container of the service has open now ('': with whomever). Raises errors.NotApplied."""
        ...


@dataclass(frozen=True)
class Release:
    """What is deployed on these services, replica by replica where asked.

    image, environment   another image, other variables of the containers
    variables            of the Compose file: what it states with them is what is deployed
    most                 only so many containers of each service get it; 0: all
    drain_s              waited between one replica and the next
    deploying, restoring  commands that put it out and back, in place of all that, each killed after `within_s`
    """

    services: tuple[str, ...]
    image: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    one_by_one: bool = True
    most: int = 0
    drain_s: float = 0.0
    deploying: tuple[str, ...] = ()
    restoring: tuple[str, ...] = ()
    within_s: float = 0.0


class Releases(Protocol):
    """Changes what the stack's services run, under load. One release at a time."""

    def deploy(self, holder: str, release: Release) -> Mapping[str, Any]:
        """Put it out and read it back; returns what each container runs. Raises errors.NotApplied."""
        ...

    def hasten(self) -> None:
        """A deployment that goes on in another thread is not waited for: it ends at once, half done, and is put back next."""
        ...

    def leave_off(self, holder: str) -> str:
        """A deployment that goes on in another thread comes to its end after the step that is under way: a rollback is about to begin.
        Returns why that cannot be, so that it goes on to its end, or another's does first."""
        ...

    def restore(self, holder: str) -> str:
        """Put back what ran before, unless it runs again: then 'rollback', for another hand did it. Idempotent.

        Raises errors.NotMended with the commands for a person.
        """
        ...

    def current(self) -> Sequence[ReleaseSeen]:
        """Every container of the services that a release of ours has touched; () before the first. Raises errors.NotApplied."""
        ...

    def busy(self) -> bool:
        """Whether we are changing a release just now; what we deployed stands in `news` before this is over."""
        ...

    def news(self) -> Sequence[Deployed]:
        """What we deployed since the last call, oldest first."""
        ...

    def told(self) -> Mapping[str, str]:
        """The environment in which a rollback command finds its way: the run's Compose project, the good release."""
        ...


class Running(Protocol):
    """A command that was started."""

    def ended(self) -> int | None:
        """Its exit code; None while it runs, and when it was we who ended it."""
        ...

    def ran_s(self) -> float:
        """How long it has run, or ran."""
        ...

    def kill(self) -> None:
        """End it and all that it started."""
        ...

    def output(self) -> str:
        """The last that it printed."""
        ...

    def errors(self) -> str:
        """The last that it wrote to its standard error, where that is kept apart; else ''."""
        ...


class Commands(Protocol):
    """The drill's own commands, started in the folder of the drill file."""

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        shell: bool = False,
        apart: bool = False,
    ) -> Running:
        """Start it; `name` is what its output is kept under, without its standard error with `apart`. Raises errors.NotApplied when
        it cannot be started."""
        ...

    def running(self, name: str) -> Running | None:
        """The last that was started under this name, whether it still runs or not; None when none was."""
        ...


class People(Protocol):
    """The person at the terminal."""

    def there(self) -> bool:
        """Whether anybody can be asked: a terminal is attached."""
        ...

    def heard(self) -> str | None:
        """A line that was typed since the last call, None for silence. Never waits."""
        ...


@dataclass(frozen=True)
class Said:
    """How a command ended.

    code   its exit code; 124 when it was ended because its time was up, or it printed too much (`err` says which)
    out    what it printed, from the beginning
    err    the last that it wrote to standard error
    """

    code: int
    out: BinaryIO
    err: str = ""


@dataclass(frozen=True)
class Page:
    """One answer over HTTP: status, headers (names in lower case) and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Login:
    """A user, a password and a database or virtual host; '' for what is not known."""

    user: str = ""
    password: str = field(default="", repr=False)
    path: str = ""


class Reach(Protocol):
    """The ways into a running stack by which its sources of truth are read. Every call ends within its limits, or raises
    errors.NotApplied with the reason."""

    @property
    def services(self) -> Mapping[str, Mapping[str, Any]]:
        """The resolved Compose configuration of each service."""
        ...

    def inside(
        self, service: str, command: Sequence[str], environment: Mapping[str, str], within_s: float, most_bytes: int
    ) -> Said:
        """Run it in a running container of the service, as its image's user. The environment stands on no command line."""
        ...

    def here(self, command: Sequence[str], within_s: float, most_bytes: int) -> Said:
        """Run it on this machine, in the drill file's folder."""
        ...

    def get(
        self, service: str, port: int, path: str, headers: Mapping[str, str], within_s: float, most_bytes: int
    ) -> Page:
        """GET over HTTP, whatever the status."""
        ...

    def peek(self, service: str, login: Login, queue: str, most: int, within_s: float) -> Sequence[bytes]:
        """The bodies of a RabbitMQ queue's ready messages, at most so many; each is put back where it was."""
        ...


@dataclass(frozen=True)
class World:
    clock: Clock
    proxies: Proxies
    containers: Containers
    lookout: Lookout
    extra: Mapping[str, Any] = field(default_factory=dict)
    releases: Releases | None = None
    commands: Commands | None = None
    people: People | None = None
