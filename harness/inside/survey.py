"""Whose connections go where: over an edge's address, or straight to the dependency. Pure: tables in, counts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.inside.connections import Row, is_loopback, listening

Connection = tuple[str, int, str, int]
"""caller's address and port, the other side's address and port"""


@dataclass
class Tally:
    """The connections of one edge. A connection seen from both of its ends counts once."""

    mediated: dict[Connection, str] = field(default_factory=dict)
    direct: dict[Connection, str] = field(default_factory=dict)

    def said(self, caller: str) -> dict[str, Any]:
        ports = Counter(str(port) for (_, _, _, port) in self.mediated)
        shown = [*self.direct.items(), *self.mediated.items()][:5]
        return {
            "mediated": len(self.mediated),
            "direct": len(self.direct),
            "ports": dict(ports),
            "examples": [f"{caller} {a}:{p} -> {b}:{q} {state}" for (a, p, b, q), state in shown],
        }


def tally(
    *,
    caller: Iterable[Row],
    caller_ips: Collection[str],
    address: str,
    lanes: Iterable[Row] = (),
    dependency: Iterable[Row] = (),
    dependency_ips: Collection[str] = (),
    known_ports: Collection[int] = (),
    ours: Collection[tuple[str, int]] = (),
) -> Tally:
    """Sort a caller's connections.

    The side that closes first keeps the connection in TIME_WAIT, so the tables of the far ends are read too: of the
    lanes (edge addresses) and of the dependency. `ours` are source addresses and ports of our own looks; they are left
    out. A row counts as direct only when the far port is one that the dependency listens on: it may well call its
    caller back."""
    seen = Tally()
    dependency = list(dependency)
    served = set(listening(dependency)) | set(known_ports)
    own_ports = set(listening(rows := list(caller)))

    def put(into: dict[Connection, str], connection: Connection, state: str) -> None:
        if connection[:2] not in ours:
            into.setdefault(connection, state)

    for row in rows:
        if row.state == "LISTEN":
            continue
        connection = (row.ip, row.port, row.peer_ip, row.peer_port)
        if address and row.peer_ip == address:
            put(seen.mediated, connection, row.state)
        elif row.peer_ip in dependency_ips and (row.peer_port in served or (not served and row.port not in own_ports)):
            put(seen.direct, connection, row.state)
    for row in lanes:
        if row.state != "LISTEN" and address and row.ip == address and row.peer_ip in caller_ips:
            put(seen.mediated, (row.peer_ip, row.peer_port, row.ip, row.port), row.state)
    for row in dependency:
        if row.state != "LISTEN" and row.peer_ip in caller_ips and row.ip in dependency_ips and row.port in served:
            put(seen.direct, (row.peer_ip, row.peer_port, row.ip, row.port), row.state)
    return seen


def peers(table: Iterable[Row], names: dict[str, str]) -> dict[str, dict[str, int]]:
    """Who is called from here: service (or bare address, for those that are none of ours) → port → connections."""
    rows = list(table)
    own = set(listening(rows))
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        if row.state == "LISTEN" or row.port in own or is_loopback(row.peer_ip):
            continue
        name = names.get(row.peer_ip, row.peer_ip)
        ports = found.setdefault(name, {})
        ports[str(row.peer_port)] = ports.get(str(row.peer_port), 0) + 1
    return found


def callers(table: Iterable[Row], names: dict[str, str]) -> dict[str, dict[str, int]]:
    """Who calls in: service → our port → connections. Catches those whose TIME_WAIT lies on our side."""
    rows = list(table)
    own = set(listening(rows))
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        if row.state != "LISTEN" and row.port in own and row.peer_ip in names:
            ports = found.setdefault(names[row.peer_ip], {})
            ports[str(row.port)] = ports.get(str(row.port), 0) + 1
    return found
