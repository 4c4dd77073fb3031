"""Free ports on 127.0.0.1, explicit numbers: the ones that Docker chooses change whenever a container starts again."""

from __future__ import annotations

import random
import socket

from harness.errors import CannotRun

FIRST, LAST = 20000, 32000
"""Below the range from which Linux takes the ports of outgoing connections (32768 on)."""


class FreePorts:
    """Ports on which nothing listens now, in an order that the seed gives, each given out once; the caller copes with one taken
    since."""

    def __init__(self, seed: int, protocol: str = "tcp") -> None:
        self._kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
        self._order = list(range(FIRST, LAST))
        random.Random(seed).shuffle(self._order)
        self._given: set[int] = set()

    def take(self, count: int = 1) -> tuple[int, ...]:
        """So many free ports; for replicas they follow one another, as Compose knows only ranges. Raises CannotRun."""
        for first in self._order:
            ports = range(first, first + max(count, 1))
            if ports[-1] < LAST and self._given.isdisjoint(ports) and all(map(self._is_free, ports)):
                self._given.update(ports)
                return tuple(ports)
        what = "no port is" if count <= 1 else f"no {count} ports that follow one another are"
        raise CannotRun(f"{what} free on this machine between {FIRST} and {LAST - 1}; `ss -ltunp` shows who holds them")

    def _is_free(self, port: int) -> bool:
        with socket.socket(socket.AF_INET, self._kind) as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                return False
        return True
