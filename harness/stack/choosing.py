"""What a run chooses of what is free on this machine: address ranges with the edges' places in them, and ports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.stack import names as topology
from harness.stack.addresses import Place
from harness.stack.changes.loopback_ports import Key, wanted_ports
from harness.stack.dial import api_answers
from harness.stack.free_ports import FreePorts
from harness.stack.inward import inward
from harness.stack.mentions import addresses
from harness.stack.place import lane_homes, place
from harness.stack.project import Project
from harness.stack.resolve import Chosen
from harness.stack.subnets import choose, taken
from harness.stack.texts import texts


def with_ranges(chosen: Chosen, project: Project, seed: int) -> Chosen:
    """The edges placed anew, in ranges that nobody has now. Raises CannotRun where none is left."""
    config = project.config
    literals = {
        one
        for name in project.services
        for text in texts(config, name, project.directory, compose=project.files)
        for one in addresses(text)
    }
    ranges = choose(config, taken(), literals, seed)
    fresh = [replace(edge, address="", network="", upstream="") for edge in chosen.edges]
    edges = place(config, fresh, ranges)
    return replace(chosen, ranges=ranges, edges=edges, homes=lane_homes(config, ranges, edges))


def with_ports(chosen: Chosen, config: topology.Config, publish: Sequence[Place], seed: int) -> Chosen:
    """Other ports that nobody listens on now; Toxiproxy's API stays where it answers. Raises CannotRun where none is left."""
    free = {protocol: FreePorts(seed, protocol) for protocol in ("tcp", "udp", "sctp")}
    ports: dict[Key, tuple[int, ...]] = {}
    for key in wanted_ports(config, [one for one in publish if not inward(config, one[0])]):
        ports[key] = free[key[2]].take(topology.replicas(config, key[0]))
    api_port = chosen.api_port if api_answers(chosen.api) else free["tcp"].take()[0]
    return replace(chosen, ports=ports, api_port=api_port)
