"""HAProxy's weights, changed through its runtime API: which share of the requests the canary gets."""

from __future__ import annotations

import csv
import io
import socket
from collections.abc import Mapping, Sequence

BACKEND = "checkout"
WHOLE = 240  # divided among the servers of both sides; HAProxy's weights go up to 256
ASK_S = 2.0


class Balancer:
    """Raises OSError when it cannot be had, ValueError when it refuses."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._at = (host, int(port))

    def share(self, share: float) -> dict[str, int]:
        """Give the canary this share; what each server's weight now is."""
        weights = weighed(self._servers(), share)
        for server, weight in weights.items():
            if said := self._tell(f"set weight {BACKEND}/{server} {weight}").strip():
                raise ValueError(f"HAProxy: {said}")
        return weights

    def _servers(self) -> dict[str, bool]:
        """By name, whether it is up."""
        rows = csv.DictReader(io.StringIO(self._tell("show stat").removeprefix("# ")))
        kept = (row for row in rows if row["pxname"] == BACKEND and row["svname"] != "BACKEND")
        return {row["svname"]: row["status"].startswith("UP") for row in kept}

    def _tell(self, command: str) -> str:
        with socket.create_connection(self._at, timeout=ASK_S) as link:
            link.sendall(f"{command}\n".encode())
            parts: list[bytes] = []
            while part := link.recv(65536):
                parts.append(part)
        return b"".join(parts).decode()


def weighed(servers: Mapping[str, bool], share: float) -> dict[str, int]:
    """Each server's weight. Those that are not up get what they would have: they may come up. Pure."""
    canary = [name for name in servers if name.startswith("canary")]
    others = [name for name in servers if name not in canary]
    return _each(servers, canary, share) | _each(servers, others, 1 - share)


def _each(servers: Mapping[str, bool], names: Sequence[str], share: float) -> dict[str, int]:
    up = sum(servers[name] for name in names) or 1
    weight = max(1, round(WHOLE * share / up)) if share > 0 else 0
    return dict.fromkeys(names, weight)
