"""Edges put into a project that runs: a Toxiproxy of the run's own on its networks, and each caller's container with another in its
place, whose names lead there. The caller's own container waits, stopped, and is what runs again at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.attach.addresses import Described
from harness.attach.clone import clone
from harness.attach.found import Running, listed, service_of
from harness.attach.placing import ours, placed, real_name, subnets
from harness.attach.record import WAITS, Parked, Recorded, waits
from harness.edges import Edge
from harness.errors import CannotRun, Missing
from harness.stack import names as topology
from harness.stack.changes.identity import project_name
from harness.stack.compose import Compose, is_port_taken
from harness.stack.free_ports import FreePorts
from harness.stack.project import write_private, written
from harness.stack.ready import not_ready, state_of
from harness.stack.toxiproxy import await_toxiproxy
from harness.stack.turn import turn
from harness.world.docker import connect, refusing
from harness.world.docker_cli import docker, inspected

FILE = "compose.lanes.yaml"
TRIES = 5
UP_S = 120.0
STOP_S = 10  # the grace of a container that states none
LOOK_EVERY_S = 0.25


class Inserted:
    """`begin` places the edges and starts Toxiproxy on them; once they are open, `take_place` changes the callers."""

    def __init__(self, running: Running, edges: Sequence[Edge], run: str, folder: Path) -> None:
        self._running, self._run, self._folder = running, run, folder
        self.edges = tuple(edges)
        self.api = ("127.0.0.1", 0)

    def begin(self) -> None:
        """Raises CannotRun when there is no room for an edge, or the two containers of ours do not start."""
        from harness.doctor.images import TOXIPROXY_TAG, ensure_harness_image

        image = ensure_harness_image()
        if not docker("image", "inspect", "--format", "{{.Id}}", TOXIPROXY_TAG).ok:
            raise CannotRun(Missing(f"the image {TOXIPROXY_TAG} is not here", "drill doctor --fix"))
        config = self._running.project.config
        keys = dict.fromkeys(key for name in topology.services(config) for key in topology.networks(config, name))
        seen = {key: one for key in keys for one in inspected("network", real_name(config, key))}
        read = {key: subnets(one) for key, one in seen.items()}
        ranges = {key: found for key, (found, _) in read.items()}
        self.edges = placed(config, self.edges, ranges, {key: taken for key, (_, taken) in read.items()})
        if lost := [f"{edge.id}: {edge.refused}" for edge in self.edges if edge.refused]:
            raise CannotRun(*lost)
        free = FreePorts(int(self._run, 16))
        for attempt in range(TRIES):
            (port,) = free.take()
            self.api = ("127.0.0.1", port)
            made = ours(
                config,
                self.edges,
                ranges,
                run=self._run,
                harness_image=image,
                toxiproxy_image=TOXIPROXY_TAG,
                api_port=self.api[1],
            )
            write_private(self._folder / FILE, written(made))
            with turn():
                answer = Compose(project_name(self._run), self._folder / FILE, self._folder).up((), UP_S)
            if answer.ok:
                break
            if attempt + 1 == TRIES or not is_port_taken(answer):
                raise CannotRun(f"Toxiproxy cannot be put into {self._running.name}: {answer.why}")
        await_toxiproxy(project_name(self._run), self.api)

    def take_place(self, record: Recorded, within_s: float, say: Callable[[str], object]) -> None:
        """Stop each container of the callers, and start another in its place, which is written down before. Raises CannotRun."""
        callers = dict.fromkeys(edge.caller for edge in self.edges)
        those = [(caller, one) for caller in callers for one in self._running.up(caller)]
        record.parking(tuple(_parked(one, self._run) for _, one in those)).keep(self._folder)
        for caller in callers:
            say(f"putting {caller} behind its edges; its own containers wait, stopped")
        for caller, one in those:
            self._instead(
                one, {name: edge.address for edge in self.edges if edge.caller == caller for name in edge.names}
            )
        self._await_ready(tuple(callers), within_s)

    def _instead(self, one: Described, hosts: dict[str, str]) -> None:
        parked = _parked(one, self._run)
        with refusing(f"put a container in the place of {parked.name}"):
            client = connect(UP_S)
            try:
                client.api.stop(parked.id, timeout=int((one.get("Config") or {}).get("StopTimeout") or STOP_S))
                client.api.rename(parked.id, parked.waits_as)
                body, others = clone(one, hosts, self._run)
                made = client.api.create_container_from_config(body, parked.name)  # type: ignore[no-untyped-call]
                for network, use in others.items():
                    client.api.connect_container_to_network(made["Id"], network, **_given(use))
                client.api.start(made["Id"])
            finally:
                client.close()

    def _await_ready(self, callers: Sequence[str], within_s: float) -> None:
        """The callers run, and those with a health check are healthy. Raises CannotRun with what is waited for."""
        end_s = time.monotonic() + within_s
        while True:
            found = [one for one in listed(self._running.name) if not waits(str(one["Name"]))]
            states = [state_of(dict(one)) for one in found if service_of(one) in callers]
            waiting = not_ready(states, callers)
            if not waiting:
                return
            if time.monotonic() > end_s:
                raise CannotRun(f"behind its edges, not ready within {within_s:g} s: {'; '.join(waiting)}")
            time.sleep(LOOK_EVERY_S)


def _given(use: dict[str, Any]) -> dict[str, Any]:
    """How it is on a network, as the SDK takes it."""
    fixed = use.get("IPAMConfig") or {}
    links = [tuple(link.split(":", 1)) for link in use.get("Links") or ()]
    told = {
        "aliases": use.get("Aliases"),
        "ipv4_address": fixed.get("IPv4Address"),
        "ipv6_address": fixed.get("IPv6Address"),
        "link_local_ips": fixed.get("LinkLocalIPs"),
        "links": links,
        "driver_opt": use.get("DriverOpts"),
    }
    return {word: value for word, value in told.items() if value}


def _parked(one: Described, run: str) -> Parked:
    name = str(one["Name"]).lstrip("/")
    return Parked(str(one["Id"]), name, f"{name}{WAITS}{run}")
