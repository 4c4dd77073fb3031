"""What a first drill says, before it is text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.edges import Edge
from harness.facts import ReceiverSeen
from harness.init.alerts import Picked
from harness.init.choose import Hurt, Limits


@dataclass(frozen=True)
class Draft:
    """All that the file says.

    compose, env_files   as they stand in it, relative to it
    paged                by alert, the ways out by which its page goes
    asks                 the requests of a locustfile of the user's own, as claims name them; its text tells them
    only_seen            edges that no file tells, so that they have to be declared
    cannot               what it cannot judge, each with what would let it
    """

    name: str
    project: str
    compose: tuple[str, ...]
    locustfile: str
    against: str
    hurt: Hurt
    limits: Limits
    picked: Picked
    paged: Mapping[str, tuple[ReceiverSeen, ...]] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()
    ready_within_s: int = 90
    measured: str = ""
    asks: tuple[str, ...] = ()
    only_seen: tuple[Edge, ...] = ()
    cannot: tuple[str, ...] = ()

    @property
    def service(self) -> str:
        """Where the load goes."""
        return self.against.rpartition("://")[2].rpartition(":")[0]
