"""The lookout's host side: witness looks and surveys of every edge, through one helper container per run."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any

from harness.edges import Edge
from harness.errors import NotApplied
from harness.facts import HeldSeen, Surveyed, Witnessed
from harness.world.credentials import credentials
from harness.world.helper import Helper
from harness.world.ports import Ports
from harness.world.speaks import guess, path

START_S = 30.0
SLACK_S = 3.0
"""How much later than a look's own limit its answer may come before the look counts as blinded."""
SURVEY_S = 10.0
REVIVE_S = (0.0, 1.0, 2.0, 5.0)
"""Waits before a helper that died is started again; the last one repeats."""


@dataclass(frozen=True)
class Peers:
    """What `peers` saw of one service: ports it serves, its addresses, whom it calls and who calls it (name → port →
    count)."""

    ports: tuple[int, ...]
    ips: tuple[str, ...]
    peers: Mapping[str, Mapping[int, int]]
    callers: Mapping[str, Mapping[int, int]]
    shares: str = ""


class Lookout:
    """Implements handles.Lookout. Every method but `start` may be called from any thread.

    `services` is the resolved Compose configuration of each service, for protocol, health-check path and login.
    """

    def __init__(
        self,
        run_id: str,
        project: str,
        edges: Sequence[Edge] = (),
        services: Mapping[str, Mapping[str, Any]] | None = None,
        limit_ms: float = 1500.0,
        image: str = "",
    ) -> None:
        self._run_id = run_id
        self._project = project
        self._edges = {edge.id: edge for edge in edges}
        self._services = services or {}
        self._limit_ms = limit_ms
        self._limits: dict[str, float] = {}
        self._image = image
        self._ports = {edge.id: Ports(edge.ports) for edge in edges}
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._number = 0
        self._helper: Helper | None = None
        self._why_down = "the lookout was not started"
        self._deaths = 0
        self._over = threading.Event()

    # --- beginning and end

    def start(self) -> None:
        """Start the helper and wait until it is ready. Raises NotApplied with its last words when it does not come
        up."""
        self._over.clear()
        try:
            self._begin().result(START_S)
        except (NotApplied, FutureTimeout) as error:
            self.close()
            why = str(error) or f"the lookout was not ready within {START_S:g} s"
            raise NotApplied(why) from None

    def close(self) -> None:
        """End the helper; its container is gone afterwards."""
        self._over.set()
        with self._lock:
            helper, self._helper = self._helper, None
        if helper is not None:
            helper.close()
        self._fail_all("the lookout was closed")

    # --- what handles.Lookout asks for

    def look(self, edge: str) -> Witnessed:
        """One exchange through the edge at its best-known port. Never raises: an edge that cannot be looked at is
        blinded."""
        known = self._edges.get(edge)
        if known is None:
            return Witnessed(edge=edge, port=0, outcome="blinded", error=f"there is no edge {edge}")
        ports = self._ports[edge]
        port = ports.best()
        limit_ms = self._limits.get(edge, self._limit_ms)
        if not port:
            return Witnessed(
                edge=edge, port=0, outcome="blinded", error="no port of it is known yet", limit_ms=limit_ms
            )
        service = self._services.get(known.dependency, {})
        speaks = ports.spoken(port, guess(known, service, port))
        request = {
            "do": "look",
            "service": known.caller,
            "host": known.names[0] if known.names else known.dependency,
            "port": port,
            "speaks": speaks,
            "limit_ms": limit_ms,
            "credentials": {"path": path(service, port), **credentials(known, speaks, self._services)},
        }
        try:
            said = self._ask(request, limit_ms / 1000 + SLACK_S)
        except NotApplied as error:
            said = {"outcome": "blinded", "error": str(error)}
        outcome = str(said.get("outcome", "blinded"))
        ports.heard(port, answered=outcome == "answered", connected="connect_ms" in said, spoke=bool(speaks))
        return Witnessed(
            edge=edge,
            port=port,
            outcome=outcome,
            speaks=speaks,
            connect_ms=said.get("connect_ms"),
            answer_ms=said.get("answer_ms"),
            close_ms=said.get("close_ms"),
            size=int(said.get("size", 0)),
            chunks=int(said.get("chunks", 0)),
            turns=int(said.get("turns", 0)),
            limit_ms=limit_ms,
            error=str(said.get("error", "")),
        )

    def survey(self) -> Sequence[Surveyed]:
        """The connections of every caller now (TIME_WAIT too), one record per edge. Our own looks are left out.

        Edges whose caller does not run have no record. Raises NotApplied when nothing could be seen.
        """
        asked = [_asked(edge) for edge in self._edges.values()]
        said = self._ask({"do": "survey", "edges": asked}, SURVEY_S)
        found = []
        for name, seen in said.get("edges", {}).items():
            if not seen.get("runs") or not self.counts(name, seen):
                continue
            self._ports[name].used({int(port): count for port, count in seen.get("ports", {}).items()})
            found.append(
                Surveyed(
                    edge=name,
                    mediated=int(seen["mediated"]),
                    direct=int(seen["direct"]),
                    examples=tuple(seen["examples"]),
                )
            )
        return tuple(found)

    def connections(self, service: str, toward: str) -> Sequence[HeldSeen]:
        """Open connections of each running container of the service; toward a dependency those over its edge and around it.

        Our own looks are left out. Raises NotApplied when nothing could be seen, and where there is no such edge.
        """
        edges = [edge for edge in self._edges.values() if edge.caller == service and edge.dependency == toward]
        if toward and not edges:
            raise NotApplied(f"there is no edge {service}->{toward}")
        request = {"do": "connections", "service": service, "edges": [_asked(edge) for edge in edges]}
        return tuple(
            HeldSeen(service=service, of="connections", toward=toward, **one)
            for one in self._ask(request, SURVEY_S).get("containers", ())
        )

    def counts(self, edge: str, seen: Mapping[str, Any]) -> bool:
        """Whether what a survey saw of this edge tells whether it is used."""
        return True

    # --- beside it

    def listening(self, service: str, ports: Sequence[int]) -> None:
        """The keeper's news: the dependency listens on exactly these ports."""
        for edge in self._edges.values():
            if edge.dependency == service:
                self._ports[edge.id].listening(ports)

    def limit(self, edge: str, limit_ms: float | None) -> None:
        """Look longer (or, with None, as long as usual again) on one edge: a fault that delays by 2 s needs a limit
        above that."""
        if limit_ms is None:
            self._limits.pop(edge, None)
        else:
            self._limits[edge] = limit_ms

    def peers(self) -> Mapping[str, Peers]:
        """Who serves what and talks to whom, by service: for `drill edges --observe`. Raises NotApplied."""
        services = self._ask({"do": "peers"}, SURVEY_S).get("services", {})

        def counts(data: Mapping[str, Mapping[str, int]]) -> dict[str, dict[int, int]]:
            return {name: {int(port): count for port, count in ports.items()} for name, ports in data.items()}

        return {
            name: Peers(
                tuple(s["ports"]), tuple(s["ips"]), counts(s["peers"]), counts(s["callers"]), str(s.get("shares", ""))
            )
            for name, s in services.items()
        }

    def pids(self) -> Mapping[str, tuple[int, ...]]:
        """The main processes of each service's running containers. Raises NotApplied."""
        pids = self._ask({"do": "pids"}, SURVEY_S).get("pids", {})
        return {name: tuple(int(c["pid"]) for c in containers) for name, containers in pids.items()}

    # --- the helper

    def _begin(self) -> Future[dict[str, Any]]:
        ready: Future[dict[str, Any]] = Future()
        name = f"drill-{self._run_id}-lookout-{uuid.uuid4().hex[:6]}"

        def heard(said: dict[str, Any]) -> None:
            if said.get("ready"):
                with self._lock:
                    self._deaths, self._why_down = 0, ""
                if not ready.done():
                    ready.set_result(said)
                return
            with self._lock:
                waiting = self._waiting.pop(int(said.get("id") or 0), None)
            if waiting is not None:
                waiting.set_result(said)

        def ended(why: str) -> None:
            if not ready.done():
                ready.set_exception(NotApplied(f"the lookout did not start: {why}"))
            self._fell(why)

        try:
            helper = Helper(_argv(self._run_id, name, self._image or _image()), heard, ended)
        except (OSError, NotApplied) as error:
            raise NotApplied(f"the lookout cannot be started: {error}") from error
        with self._lock:
            self._helper = helper
        if self._over.is_set():
            helper.close()
        return ready

    def _fell(self, why: str) -> None:
        """The helper is gone: whoever waits is told, and unless we are closing a new one is started."""
        with self._lock:
            self._why_down = f"the lookout went away ({why})"
            self._deaths += 1
            wait_s = REVIVE_S[min(self._deaths, len(REVIVE_S)) - 1]
            begun = self._helper is not None
        self._fail_all(self._why_down)
        while begun and not self._over.wait(wait_s):
            try:
                self._begin()
                return
            except NotApplied as error:
                self._why_down, wait_s = str(error), REVIVE_S[-1]

    def _fail_all(self, why: str) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            future.set_exception(NotApplied(why))

    def _ask(self, request: Mapping[str, Any], within_s: float) -> dict[str, Any]:
        future: Future[dict[str, Any]] = Future()
        with self._lock:
            helper = self._helper
            if helper is None or self._why_down:
                raise NotApplied(self._why_down or "the lookout does not run")
            self._number += 1
            number = self._number
            self._waiting[number] = future
        try:
            helper.say({"id": number, "project": self._project, **request})
            said = future.result(within_s)
        except (OSError, FutureTimeout) as error:
            why = "gave no answer" if isinstance(error, FutureTimeout) else f"is gone: {error}"
            raise NotApplied(f"the lookout {why}") from None
        finally:
            with self._lock:
                self._waiting.pop(number, None)
        if "broken" in said:
            raise NotApplied(f"the lookout failed: {said['broken']}")
        return said


def _asked(edge: Edge) -> dict[str, Any]:
    """An edge as the helper is told of it."""
    return {
        "edge": edge.id,
        "caller": edge.caller,
        "dependency": edge.dependency,
        "address": edge.address,
        "ports": list(edge.ports),
        "external": (edge.upstream or edge.dependency) if edge.external else "",
    }


def _argv(run_id: str, name: str, image: str) -> list[str]:
    from harness.world.docker import socket_path

    return [
        "docker", "run", "-i", "--rm", "--pull", "never", "--name", name, "--label", f"io.drill.run={run_id}",
        "--network", "none", "--pid", "host", "--userns", "host", "--cap-drop", "ALL", "--cap-add", "SYS_ADMIN",
        "--cap-add", "SYS_PTRACE", "--security-opt", "apparmor=unconfined", "--security-opt", "label=disable",
        "--log-driver", "none", "-v", f"{socket_path()}:/var/run/docker.sock", image,
        "python3", "-m", "harness.inside", "lookout",
    ]  # fmt: skip


def _image() -> str:
    from harness.doctor.images import harness_tag

    return harness_tag()


__all__ = ["Lookout", "Peers"]
