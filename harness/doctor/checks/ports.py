"""Free ports on 127.0.0.1, where the harness publishes what it must reach."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass

from harness.doctor.seen import Say, Seen

AT_ONCE = 32
"""Ports that must be free at the same time: more than the published ports of any stack in sight."""


@dataclass(frozen=True)
class PortsCheck:
    """Takes them all at once and lets them go."""

    name: str = "ports"
    needs: tuple[str, ...] = ()

    def look(self) -> Seen:
        try:
            with ExitStack() as held:
                for _ in range(AT_ONCE):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", 0))
        except OSError as error:
            cure = "ss -tan | wc -l; sysctl net.ipv4.ip_local_port_range; ulimit -n"
            return Seen(self.name, "missing", f"no {AT_ONCE} free ports on 127.0.0.1: {error}", cure)
        return Seen(self.name, "ok", f"{AT_ONCE} free ports on 127.0.0.1")

    def fix(self, say: Say) -> None:
        """Whoever holds the ports is not ours to end."""
