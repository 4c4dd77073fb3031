"""Address ranges of the run's networks: free ones, chosen by looking at Docker's networks and the host's routes.

Docker's own pools end at about thirty networks, and a lane address must be ours to give, so every network gets an
explicit range.
A range that the user's file states is kept while it is free, else moved as a whole; where a text holds one of its
addresses
it cannot be moved, and the run is refused.
"""

from __future__ import annotations

import ipaddress
import random
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import CannotRun, Missing
from harness.stack import names as topology
from harness.world.docker_cli import docker, inspected

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_FIRST = ("172.28.0.0/14", "10.213.0.0/16", "192.168.128.0/17")
"""Private by RFC 1918, as what trusts 'private networks' expects; the end of 172.16/12 first, where most Docker
stacks live anyhow."""


@dataclass(frozen=True)
class Range:
    """One range of a network: `given` by the file (None when it gave none), and what this run uses."""

    used: Network
    given: Network | None = None

    def moved(self, address: str) -> str:
        """An address of the given range at the same place in the used one; others as they are."""
        one = ipaddress.ip_address(address)
        if self.given is None or one not in self.given:
            return address
        return str(self.used[int(one) - int(self.given.network_address)])

    @property
    def is_moved(self) -> bool:
        return self.given is not None and self.given != self.used


def taken() -> tuple[Network, ...]:
    """Ranges of Docker's networks and of the host's own routes. Raises CannotRun when Docker does not answer."""
    ids = docker("network", "ls", "-q").out.split()
    found = [
        ipaddress.ip_network(part["Subnet"], strict=False)
        for network in inspected("network", *ids)
        for part in (network.get("IPAM") or {}).get("Config") or ()
        if part.get("Subnet")
    ]
    return (*found, *routes(_read("/proc/net/route")))


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""  # not Linux: Docker runs in a machine of its own, whose routes are its networks


def routes(table: str) -> Iterator[ipaddress.IPv4Network]:
    """Destinations of /proc/net/route, without the default route."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[1] != "00000000":
            address, mask = (struct.pack("<I", int(field, 16)) for field in (fields[1], fields[7]))
            yield ipaddress.IPv4Network(
                (int.from_bytes(address, "big"), int.from_bytes(mask, "big").bit_count()), strict=False
            )


def choose(
    config: topology.Config, used: Sequence[Network], literals: Iterable[str] = (), seed: int = 0
) -> dict[str, tuple[Range, ...]]:
    """Ranges for every bridge network that a service is on. `literals` are addresses written in the project's texts.

    Pure: `used` is what `taken()` said, `seed` spreads runs that start at the same time. Raises CannotRun.
    """
    known = [ipaddress.ip_address(one) for one in sorted(set(literals)) if _is_address(one)]
    busy = list(used)
    chosen: dict[str, tuple[Range, ...]] = {}
    keys = {key: None for name in topology.services(config) for key in topology.networks(config, name)}
    given = {key: tuple(given_ranges(config, key)) for key in keys if topology.bridged(config, key)}
    # What the file states comes first: a range of our choice must not take one that could have been kept.
    for key in sorted(given, key=lambda key: not given[key]):
        ranges = [_keep_or_move(config, key, one, busy=busy, known=known, seed=seed) for one in given[key]]
        if not any(r.used.version == 4 for r in ranges):
            prefix = 24 if _containers(config, key) < 100 else 20
            fresh = _free(4, prefix, [*busy, *(ipaddress.ip_network(one) for one in known)], seed)
            ranges.append(Range(fresh))
            busy.append(fresh)
        chosen[key] = tuple(ranges)
    return chosen


def given_ranges(config: topology.Config, network: str) -> Iterator[Network]:
    """Ranges that the file states for a network; of an external one, those that its static addresses need."""
    body = (config.get("networks") or {}).get(network) or {}
    stated = [part["subnet"] for part in (body.get("ipam") or {}).get("config") or () if part.get("subnet")]
    for subnet in stated:
        yield ipaddress.ip_network(subnet, strict=False)
    if not stated:
        static = static_addresses(config, network)
        if static:
            yield _around(static)


def _around(addresses: Sequence[str]) -> ipaddress.IPv4Network:
    """The smallest network that holds all of them, a /24 at the least."""
    home = ipaddress.IPv4Network(f"{addresses[0]}/24", strict=False)
    while not all(ipaddress.IPv4Address(one) in home for one in addresses):
        home = home.supernet()
    return home


def static_addresses(config: topology.Config, network: str) -> tuple[str, ...]:
    uses = [
        topology.networks(config, name).get(network) or {}
        for name in topology.services(config)
        if topology.owner(config, name) == name
    ]
    return tuple(str(use["ipv4_address"]) for use in uses if use.get("ipv4_address"))


def _keep_or_move(
    config: topology.Config, key: str, given: Network, *, busy: list[Network], known: Sequence[object], seed: int
) -> Range:
    range_ = Range(given, given)
    if any(_overlap(given, other) for other in busy):
        written = [str(one) for one in known if one in given]
        static = set(static_addresses(config, key))
        if written:
            what = "a static address of a service" if set(written) & static else "an address"
            raise CannotRun(
                Missing(
                    f"network {key}: its range {given} is in use on this machine, and cannot be moved: "
                    f"{what} of it, {written[0]}, is written in the project's texts",
                    f"free {given} (docker network ls), or use names instead of addresses",
                )
            )
        range_ = Range(_free(given.version, given.prefixlen, busy, seed), given)
    busy.append(range_.used)
    return range_


def _free(version: int, prefix: int, busy: Sequence[Network], seed: int) -> Network:
    """The first free range of that size, from a place that the seed gives."""
    dice = random.Random(seed)
    if version == 6:
        base = (0xFD << 120) | (dice.getrandbits(40) << 80)
        for number in range(1 << 12):
            six = ipaddress.IPv6Network(
                (base + (number << 64 if prefix <= 64 else number << (128 - prefix)), prefix), strict=False
            )
            if not any(_overlap(six, other) for other in busy):
                return six
    for pool in map(ipaddress.IPv4Network, _FIRST):
        if prefix < pool.prefixlen:
            continue
        count = 1 << (prefix - pool.prefixlen)
        start = dice.randrange(count)
        for number in range(min(count, 4096)):
            at = int(pool.network_address) + ((start + number) % count << (32 - prefix))
            four = ipaddress.IPv4Network((at, prefix))
            if not any(_overlap(four, other) for other in busy):
                return four
    raise CannotRun(Missing("no free private address range is left for the run's networks", "docker network prune"))


def _containers(config: topology.Config, network: str) -> int:
    return sum(
        topology.replicas(config, name)
        for name in topology.services(config)
        if network in topology.networks(config, name)
    )


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def by_version(ranges: Mapping[str, Sequence[Range]], network: str, version: int = 4) -> Range | None:
    """The network's range of that IP version."""
    return next((one for one in ranges.get(network, ()) if one.used.version == version), None)
