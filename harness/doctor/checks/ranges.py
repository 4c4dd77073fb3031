"""Free address ranges: each network of a run gets a /24 away from Docker's networks and the host's routes."""

from __future__ import annotations

import ipaddress
import json
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from harness.doctor.docker_cli import docker
from harness.doctor.seen import Say, Seen

WANTED = 8
"""Networks that two stacks side by side may need."""

POOLS = tuple(ipaddress.ip_network(pool) for pool in ("172.16.0.0/12", "10.0.0.0/8", "192.168.0.0/16"))


@dataclass(frozen=True)
class RangesCheck:
    """Counts free /24 ranges in the private pools, up to what is wanted."""

    name: str = "address ranges"
    needs: tuple[str, ...] = ("engine",)

    def look(self) -> Seen:
        routes = Path("/proc/net/route")
        networks = docker_ranges()
        taken = (*networks, *(parse_routes(routes.read_text()) if routes.exists() else ()))
        free = list(islice(free_ranges(taken), WANTED))
        if len(free) < WANTED:
            cure = "docker network ls; then docker network rm those that nobody uses"
            return Seen(self.name, "missing", f"{len(free)} free /24 ranges of the {WANTED} wanted", cure)
        return Seen(self.name, "ok", f"free from {free[0]} on, beside {len(networks)} of Docker's networks")

    def fix(self, say: Say) -> None:
        """Networks of others are not ours to remove."""


def docker_ranges() -> tuple[ipaddress.IPv4Network, ...]:
    """The IPv4 ranges of all of Docker's networks."""
    names = docker("network", "ls", "--quiet", "--no-trunc").out.split()
    told = docker("network", "inspect", "--format", "{{json .IPAM.Config}}", *names).out if names else ""
    configs = [entry for line in told.splitlines() if line.strip() for entry in (json.loads(line) or [])]
    subnets = [entry["Subnet"] for entry in configs if ":" not in entry.get("Subnet", ":")]
    return tuple(ipaddress.IPv4Network(subnet, strict=False) for subnet in subnets)


def parse_routes(table: str) -> tuple[ipaddress.IPv4Network, ...]:
    """The ranges in /proc/net/route (hexadecimal, host byte order), without the default route."""
    found = []
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) > 7 and int(words[7], 16):
            address, mask = (socket.inet_ntoa(struct.pack("=I", int(words[n], 16))) for n in (1, 7))
            found.append(ipaddress.IPv4Network(f"{address}/{mask}", strict=False))
    return tuple(found)


def free_ranges(taken: Iterable[ipaddress.IPv4Network]) -> Iterator[ipaddress.IPv4Network]:
    """The /24 ranges of the private pools that overlap nothing taken."""
    busy = tuple(taken)
    for pool in POOLS:
        assert isinstance(pool, ipaddress.IPv4Network)
        yield from (net for net in pool.subnets(new_prefix=24) if not any(net.overlaps(other) for other in busy))
