"""Free address ranges: each network of a run gets a /24 away from Docker's networks and the host's routes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from harness.doctor.seen import Say, Seen
from harness.errors import CannotRun
from harness.stack.subnets import Network, taken

WANTED = 8
"""Networks that two stacks side by side may need."""

POOLS = tuple(map(ipaddress.IPv4Network, ("172.28.0.0/14", "10.213.0.0/16", "192.168.128.0/17")))
"""Where stack/subnets.py looks for them."""


@dataclass(frozen=True)
class RangesCheck:
    """Counts free /24 ranges, up to what is wanted."""

    name: str = "address ranges"
    needs: tuple[str, ...] = ("engine",)

    def look(self) -> Seen:
        try:
            free = list(islice(free_ranges(taken()), WANTED))
        except CannotRun as error:
            return Seen(
                self.name, "missing", f"Docker's networks cannot be read: {error.missing[0].what}", "docker network ls"
            )
        if len(free) < WANTED:
            cure = "docker network ls; then docker network rm those that nobody uses"
            return Seen(self.name, "missing", f"{len(free)} free /24 ranges of the {WANTED} wanted", cure)
        return Seen(self.name, "ok", f"free from {free[0]} on")

    def fix(self, say: Say) -> None:
        """Networks of others are not ours to remove."""


def free_ranges(used: Iterable[Network]) -> Iterator[ipaddress.IPv4Network]:
    """The /24 ranges of the pools that overlap nothing used."""
    busy = tuple(net for net in used if isinstance(net, ipaddress.IPv4Network))
    for pool in POOLS:
        yield from (net for net in pool.subnets(new_prefix=24) if not any(net.overlaps(other) for other in busy))
