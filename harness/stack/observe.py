"""Edges as seen: the project started privately, without a proxy anywhere, and its connections read while it runs."""

from __future__ import annotations

import contextlib
import ipaddress
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.edges import Edge, Known
from harness.errors import CannotRun, NotApplied
from harness.stack import names as topology
from harness.stack.observed import find_monitoring
from harness.stack.project import Project
from harness.stack.ready import not_ready
from harness.stack.refuse import refused
from harness.stack.speaks import guess
from harness.stack.stack import Stack
from harness.stack.unpaged import unpaged

if TYPE_CHECKING:
    from harness.world.lookout import Lookout, Peers

START_EVERY_S = 0.1
READ_EVERY_S = 0.5
"""Closed connections stay readable for a minute (TIME_WAIT), so nothing falls between two readings."""

Counts = dict[tuple[str, str], dict[int, int]]
"""By caller and peer, how many connections to each port."""


@dataclass
class Seen:
    """What was counted, and which services had which address in any of the readings."""

    counts: Counts = field(default_factory=dict)
    held: dict[str, set[str]] = field(default_factory=dict)

    def named(self) -> Counts:
        """With the addresses of services by their names, also where a reading came before it was known who had just started. One
        that several held in turn stays an address."""
        found: Counts = {}
        for (caller, peer), ports in self.counts.items():
            holders = self.held.get(peer, set())
            _most(found.setdefault((caller, next(iter(holders)) if len(holders) == 1 else peer), {}), ports)
        return found


def observe(
    project: Project,
    run_id: str,
    folder: Path,
    *,
    for_s: float = 15.0,
    ready_within_s: float = 120.0,
    offline: bool = False,
    say: Callable[[str], object] = lambda line: None,
) -> tuple[Edge, ...]:
    """Bring the project up as it is but for what pages people, watch it for so long, take it down; returns the edges that had connections.

    What is not ready in time is watched all the same. Raises CannotRun when it cannot be started, or when something
    of it
    could not be removed.
    """
    from harness.world.lookout import Lookout

    kept = unpaged(project, find_monitoring(project.config), {}, offline=offline, say=say)
    if gone := sorted(set(project.services) - set(kept.services)):
        say(f"without {', '.join(gone)}: no mailbox stands here before what pages people")
    project = kept
    stack = Stack(project, run_id, folder, (), ready_within_s=ready_within_s, offline=offline, say=say, mediate=False)
    lookout = Lookout(run_id, stack.project_name)
    seen = Seen()
    try:
        stack.prepare()
        lookout.start()
        say("starting the project without edges")
        with reading(lookout, seen):
            stack.up()
        say(f"watching its connections for {for_s:g} s")
        end_s = time.monotonic() + for_s
        while True:
            add(seen, lookout.peers())
            if time.monotonic() > end_s:
                break
            time.sleep(READ_EVERY_S)
        for waits in not_ready(
            stack.states(), [name for name in project.services if topology.replicas(project.config, name)]
        ):
            say(f"not ready, so it may not have called anybody: {waits}")
    except NotApplied as error:
        raise CannotRun(str(error)) from error
    finally:
        lookout.close()
        left = stack.down()
    if left:
        raise CannotRun(f"could not be removed: {', '.join(left)}")
    return edges_seen(project, seen)


@contextlib.contextmanager
def reading(lookout: Lookout, seen: Seen) -> Iterator[None]:
    """Read while the project starts: a migration's connections are gone with its container, before all others run."""
    over = threading.Event()

    def read() -> None:
        while not over.wait(START_EVERY_S):
            with contextlib.suppress(NotApplied):  # the readings afterwards say it, if it stays so
                add(seen, lookout.peers())

    reader = threading.Thread(target=read, name="observe", daemon=True)
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join()


def add(seen: Seen, peers: Mapping[str, Peers]) -> None:
    """Join one reading: the greatest count of connections per pair and port (the same ones are seen again each
    time)."""
    for service, told in peers.items():
        if told.shares:
            continue  # it reads the table of the service whose network it uses
        for ip in told.ips:
            seen.held.setdefault(ip, set()).add(service)
        for peer, ports in told.peers.items():
            _most(seen.counts.setdefault((service, peer), {}), ports)


def _most(counts: dict[int, int], more: Mapping[int, int]) -> None:
    for port, count in more.items():
        counts[port] = max(counts.get(port, 0), count)


def edges_seen(project: Project, seen: Seen) -> tuple[Edge, ...]:
    """What was counted, as edges. A peer that is no service is an external host by its address, which cannot be one."""
    config = project.config
    found = []
    for (caller, peer), ports in sorted(seen.named().items()):
        if caller not in project.services or caller == peer:
            continue
        count = sum(ports.values())
        known = (
            Known("seen", f"{count} connection{'' if count == 1 else 's'} to {', '.join(map(str, sorted(ports)))}"),
        )
        edge = Edge(caller, peer, known=known, ports=tuple(sorted(ports)), also=topology.sharers(config, caller))
        if peer in project.services:
            image = str(project.services[peer].get("image") or "")
            edge = replace(
                edge,
                names=topology.names(config, caller, peer),
                speaks=guess((), image, edge.ports),
                lodgers=topology.sharers(config, peer),
            )
            edge = replace(edge, refused=refused(config, edge, {}, {}, edge.ports))
        else:
            edge = replace(edge, external=True, names=(peer,), refused=_by_address(peer))
        found.append(edge)
    return tuple(found)


def _by_address(peer: str) -> str:
    try:
        ipaddress.ip_address(peer)
    except ValueError:
        return ""
    return f"{peer} is outside of the project; declare the edge by its host name"


def joined(found: tuple[Edge, ...], seen: tuple[Edge, ...]) -> tuple[Edge, ...]:
    """Edges from the files, with what was seen of each, then those that were only seen."""
    by_id = {edge.id: edge for edge in seen}
    both = [
        replace(
            edge, known=(*edge.known, *by_id[edge.id].known), ports=tuple(sorted({*edge.ports, *by_id[edge.id].ports}))
        )
        if edge.id in by_id
        else edge
        for edge in found
    ]
    return (*both, *(edge for edge in seen if edge.id not in {one.id for one in found}))
