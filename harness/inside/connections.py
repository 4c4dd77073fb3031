"""The kernel's table of TCP connections of one network namespace, as data (proc_net_tcp: /proc/PID/net/tcp and
tcp6)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass

STATES = {
    "01": "ESTABLISHED",
    "02": "SYN_SENT",
    "03": "SYN_RECV",
    "04": "FIN_WAIT1",
    "05": "FIN_WAIT2",
    "06": "TIME_WAIT",
    "07": "CLOSE",
    "08": "CLOSE_WAIT",
    "09": "LAST_ACK",
    "0A": "LISTEN",
    "0B": "CLOSING",
}


@dataclass(frozen=True)
class Row:
    """One line of the table. IPv4 addresses inside IPv6 are given as IPv4."""

    ip: str
    port: int
    peer_ip: str
    peer_port: int
    state: str


def rows(pid: int) -> list[Row]:
    """All TCP sockets in the process's network namespace; [] when the process is gone."""
    found: list[Row] = []
    for table in ("tcp", "tcp6"):
        try:
            with open(f"/proc/{pid}/net/{table}") as file:
                found += parse(file)
        except OSError:
            continue
    return found


def parse(lines: Iterable[str]) -> list[Row]:
    found = []
    for line in lines:
        words = line.split()
        if len(words) < 4 or ":" not in words[1] or words[0] == "sl":
            continue
        ip, port = _place(words[1])
        peer_ip, peer_port = _place(words[2])
        found.append(Row(ip, port, peer_ip, peer_port, STATES.get(words[3], words[3])))
    return found


def listening(table: Iterable[Row]) -> tuple[int, ...]:
    """Ports on which somebody from outside can be served: those bound to loopback alone are left out."""
    return tuple(sorted({r.port for r in table if r.state == "LISTEN" and not is_loopback(r.ip)}))


def is_loopback(ip: str) -> bool:
    return ip.startswith("127.") or ip == "::1"


def _place(text: str) -> tuple[str, int]:
    """'0100007F:1F90' as ('127.0.0.1', 8080): each 32-bit word is in the machine's own order."""
    address, _, port = text.partition(":")
    words = [int(address[i : i + 8], 16) for i in range(0, len(address), 8)]
    raw = struct.pack(f"={len(words)}I", *words)
    if len(raw) == 4:
        return socket.inet_ntop(socket.AF_INET, raw), int(port, 16)
    if raw.startswith(b"\0" * 10 + b"\xff\xff"):
        return socket.inet_ntop(socket.AF_INET, raw[12:]), int(port, 16)
    return socket.inet_ntop(socket.AF_INET6, raw), int(port, 16)
