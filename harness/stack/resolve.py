"""The run's own Compose file: the user's, resolved, with every change in its place and its line for `drill edges
--diff`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.edges import Edge
from harness.stack.changes.address_ranges import address_ranges
from harness.stack.changes.copied_binds import copied_binds
from harness.stack.changes.fixed_names import fixed_names, generated_names
from harness.stack.changes.hosts import hosts, upstream_aliases
from harness.stack.changes.identity import identity
from harness.stack.changes.image_names import image_names
from harness.stack.changes.lanes import lanes
from harness.stack.changes.loopback_ports import Key, loopback_ports
from harness.stack.changes.optional_dependencies import optional_dependencies
from harness.stack.changes.private_logs import private_logs
from harness.stack.changes.private_networks import private_networks
from harness.stack.changes.private_volumes import Data, private_volumes
from harness.stack.changes.watchdog import Watched, watchdog
from harness.stack.place import lane_addresses
from harness.stack.subnets import Range


@dataclass(frozen=True)
class Chosen:
    """What was chosen for this run; with the project's config it determines the file.

    edges      as placed
    ranges     of each bridge network
    ports      free ports on 127.0.0.1 by service, container port and protocol, one per replica
    copies     new sources of bind mounts; `copies_folder` holds them
    homes      the lanes' own addresses where they must not be Docker's choice
    data       modes of volumes
    named      edges of which only the names are kept: those of a stack without lanes
    watched    what the run's watchdog watches; None for a stack without one
    mediate    False leaves out lanes and hosts entries (to observe the stack as it is)
    """

    run_id: str
    edges: tuple[Edge, ...] = ()
    ranges: Mapping[str, Sequence[Range]] = field(default_factory=dict)
    ports: Mapping[Key, Sequence[int]] = field(default_factory=dict)
    api_port: int = 0
    copies: Mapping[tuple[str, str], str] = field(default_factory=dict)
    copies_folder: str = ""
    homes: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Data] = field(default_factory=dict)
    harness_image: str = ""
    toxiproxy_image: str = ""
    named: tuple[Edge, ...] = ()
    watched: Watched | None = None
    mediate: bool = True

    @property
    def api(self) -> tuple[str, int]:
        """Toxiproxy's, as this machine reaches it."""
        return ("127.0.0.1", self.api_port)


def resolve(config: dict[str, Any], chosen: Chosen) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Apply every change in order; returns the file and its lines. Pure; the config given stays as it is."""
    lines: list[str] = []
    edges = chosen.edges if chosen.mediate else ()
    # Names, images and volumes are read in the user's own terms, so the project gets its new name only after them.
    for step in (
        optional_dependencies,
        lambda c: generated_names(c, (*chosen.edges, *chosen.named)),
        fixed_names,
        image_names,
        lambda c: private_volumes(c, chosen.data),
        lambda c: copied_binds(c, chosen.copies),
        lambda c: loopback_ports(c, chosen.ports),
        private_logs,
        lambda c: hosts(c, edges),
        lambda c: upstream_aliases(c, edges),
        private_networks,
        lambda c: address_ranges(c, chosen.ranges, edges),
        lambda c: identity(c, chosen.run_id),
    ):
        config, said = step(config)
        lines += said
    if chosen.mediate:
        config, said = lanes(
            config,
            edges,
            lane_addresses(edges, chosen.ranges),
            run_id=chosen.run_id,
            harness_image=chosen.harness_image,
            toxiproxy_image=chosen.toxiproxy_image,
            api_port=chosen.api_port,
            homes=chosen.homes,
            copies=chosen.copies_folder,
        )
        lines += said
    if chosen.watched is not None:
        config, said = watchdog(config, chosen.watched, run_id=chosen.run_id, harness_image=chosen.harness_image)
        lines += said
    return config, tuple(lines)
