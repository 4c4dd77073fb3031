"""The lookout: witness and survey for all callers of a run. JSON lines in, JSON lines out; the end of stdin is its end.

    {"id": 1, "project": "drill-…", "do": "look", "service": "api", "host": "db", "port": 5432, "speaks": "postgres",
     "limit_ms": 1500, "credentials": {"user": "…", "password": "…", "path": "/health"}}
    {"id": 2, "project": "drill-…", "do": "survey",
     "edges": [{"edge": "api->db", "caller": "api", "dependency": "db", "address": "10.…", "ports": [5432]}]}
    {"id": 3, "project": "drill-…", "do": "connections", "service": "api", "edges": []}
    {"id": 4, "project": "drill-…", "do": "peers" or "pids"}

Each request has a thread of its own, so a look that hangs holds nobody up; answers carry the id of their request.
Needs: pid namespace of the host, CAP_SYS_ADMIN (to enter a network), CAP_SYS_PTRACE (to read a caller's hosts file).
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from harness.inside import connections, netns, survey
from harness.inside.daemon import Container
from harness.inside.held import held
from harness.inside.look import look
from harness.inside.roster import Roster

TIME_WAIT_S = 130.0
"""How long our own source ports are remembered: a connection may be in TIME_WAIT for 60 s on either side in turn."""


RESOLVED_S = 30.0
"""How long an external host's addresses are kept before its name is asked for again."""


class Lookout:
    def __init__(self) -> None:
        self._resolved: dict[tuple[str, str], tuple[float, tuple[str, ...]]] = {}
        self._rosters: dict[str, Roster] = {}
        self._dialled: dict[tuple[str, int], float] = {}
        self._lock = threading.Lock()

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            project = str(request["project"])
            roster = self._rosters.setdefault(project, Roster(project))
        ways = {
            "look": self._look,
            "survey": self._survey,
            "connections": self._connections,
            "peers": self._peers,
            "pids": self._pids,
        }
        return ways[str(request["do"])](request, roster)

    def _look(self, request: Mapping[str, Any], roster: Roster) -> dict[str, Any]:
        try:
            caller = roster.one(str(request["service"]))
        except OSError as error:
            return {"outcome": "blinded", "error": f"Docker does not answer: {error}"}
        if caller is None:
            return {"outcome": "blinded", "error": f"{request['service']} does not run"}
        return {"container": caller.name, **look(request, caller.pid, self._remember)}

    def _remember(self, ip: str, port: int) -> None:
        now_s = time.monotonic()
        with self._lock:
            if len(self._dialled) > 5000:
                self._dialled = {k: at for k, at in self._dialled.items() if now_s - at < TIME_WAIT_S}
            self._dialled[(ip, port)] = now_s

    def _ours(self) -> set[tuple[str, int]]:
        now_s = time.monotonic()
        with self._lock:
            return {place for place, at in self._dialled.items() if now_s - at < TIME_WAIT_S}

    def _survey(self, request: Mapping[str, Any], roster: Roster) -> dict[str, Any]:
        everyone = roster.all()
        tables = _tables(everyone)
        lanes = [row for c in everyone if c.service == request.get("lanes", "drill-lanes") for row in tables[c.id]]
        ours = self._ours()
        edges = {}
        for edge in request["edges"]:
            outside = self._outside(edge, everyone) if edge.get("external") else ()
            edges[str(edge["edge"])] = _edge(edge, roster, everyone, tables, lanes, ours, outside)
        return {"edges": edges}

    def _connections(self, request: Mapping[str, Any], roster: Roster) -> dict[str, Any]:
        """Of each container of a service; with `edges`, toward the far ends of those alone."""
        everyone, ours = roster.all(), self._ours()
        far: set[str] = set()
        for edge in request["edges"]:
            far |= {str(edge["address"]), *(self._outside(edge, everyone) if edge.get("external") else ())}
            far |= {ip for c in everyone if c.service == edge["dependency"] for ip in roster.addresses(c)}
        found = []
        for container in everyone:
            if container.service == request["service"] and (table := connections.rows(container.pid)):
                count, unclosed = held(table, ours, far if request["edges"] else None)
                found.append({"container": container.name, "count": count, "unclosed": unclosed})
        return {"containers": found}

    def _outside(self, edge: Mapping[str, Any], everyone: tuple[Container, ...]) -> tuple[str, ...]:
        """The addresses of an external host as its caller's resolver gives them, past the hosts file."""
        caller = next((c for c in everyone if c.service == edge["caller"]), None)
        if caller is None:
            return ()
        key = (str(edge["caller"]), str(edge["external"]))
        at_s, found = self._resolved.get(key, (float("-inf"), ()))
        if time.monotonic() - at_s < RESOLVED_S:
            return found

        def resolve() -> None:
            nonlocal found
            with contextlib.suppress(OSError):
                netns.enter(caller.pid)
                found = tuple(netns.addresses(key[1], caller.pid, 1.0, dns_only=True))

        thread = threading.Thread(target=resolve, daemon=True)
        thread.start()
        thread.join(2.0)
        self._resolved[key] = (time.monotonic(), found)
        return found

    def _peers(self, request: Mapping[str, Any], roster: Roster) -> dict[str, Any]:
        everyone = roster.all()
        tables = _tables(everyone)
        names = {ip: c.service for c in everyone for ip in c.ips}
        services: dict[str, Any] = {}
        for container in everyone:
            table = tables[container.id]
            entry = services.setdefault(
                container.service, {"ports": [], "ips": [], "peers": {}, "callers": {}, "shares": ""}
            )
            entry["ports"] = sorted({*entry["ports"], *connections.listening(table)})
            entry["ips"] = sorted({*entry["ips"], *roster.addresses(container)})
            entry["shares"] = next((c.service for c in everyone if c.id == container.shares), "")
            _add(entry["peers"], survey.peers(table, names))
            _add(entry["callers"], survey.callers(table, names))
        return {"services": services}

    def _pids(self, request: Mapping[str, Any], roster: Roster) -> dict[str, Any]:
        found: dict[str, list[dict[str, Any]]] = {}
        for container in roster.all():
            found.setdefault(container.service, []).append({"container": container.name, "pid": container.pid})
        return {"pids": found}


def _tables(everyone: tuple[Container, ...]) -> dict[str, list[connections.Row]]:
    """Each container's table; those that share a network share one reading."""
    spaces = {c.id: netns.namespace(c.pid) for c in everyone}
    read = {space: connections.rows(c.pid) for c in everyone if (space := spaces[c.id])}
    return {c.id: read.get(spaces[c.id], []) for c in everyone}


def _edge(
    edge: Mapping[str, Any],
    roster: Roster,
    everyone: tuple[Container, ...],
    tables: Mapping[str, list[connections.Row]],
    lanes: list[connections.Row],
    ours: set[tuple[str, int]],
    outside: tuple[str, ...],
) -> dict[str, Any]:
    callers = [c for c in everyone if c.service == edge["caller"]]
    dependencies = [c for c in everyone if c.service == edge["dependency"]]
    whole = survey.Tally()
    for caller in callers:
        part = survey.tally(
            caller=tables[caller.id],
            caller_ips=roster.addresses(caller),
            address=str(edge.get("address", "")),
            lanes=lanes,
            dependency=[row for d in dependencies for row in tables[d.id]],
            dependency_ips={*outside, *(ip for d in dependencies for ip in roster.addresses(d))},
            known_ports=[int(p) for p in edge.get("ports", ())],
            ours=ours,
        )
        whole.mediated.update(part.mediated)
        whole.direct.update(part.direct)
    return {**whole.said(str(edge["caller"])), "runs": bool(callers)}


def _add(total: dict[str, dict[str, int]], more: Mapping[str, Mapping[str, int]]) -> None:
    for name, ports in more.items():
        mine = total.setdefault(name, {})
        for port, count in ports.items():
            mine[port] = mine.get(port, 0) + count


def main(argv: list[str]) -> int:
    """Serve until stdin ends. Threads that still hang then are left behind: the process ends with them."""
    lookout = Lookout()
    speaking = threading.Lock()

    def say(data: Mapping[str, Any]) -> None:
        with speaking:
            sys.stdout.write(json.dumps(data, separators=(",", ":")) + "\n")
            sys.stdout.flush()

    def serve(request: Mapping[str, Any]) -> None:
        try:
            said = lookout.answer(request)
        except Exception as error:  # one bad request must not end the looks of all others
            said = {"broken": f"{type(error).__name__}: {error}"}
        say({"id": request.get("id"), **said})

    say({"ready": True})
    for line in sys.stdin:
        if line.strip():
            threading.Thread(target=serve, args=(json.loads(line),), daemon=True).start()
    return 0
