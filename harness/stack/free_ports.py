"""Free ports on 127.0.0.1, explicit numbers: the ones that Docker chooses change whenever a container starts again."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

from harness.errors import CannotRun

FIRST, LAST = 20000, 32000
"""Below the range from which Linux takes the ports of outgoing connections (32768 on)."""


def free_ports(seed: int, protocol: str = "tcp") -> Iterator[int]:
    """Ports on which nothing listens now, in an order that the seed gives; the caller copes with one taken since."""
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    order = list(range(FIRST, LAST))
    random.Random(seed).shuffle(order)
    for port in order:
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
        yield port


def run_of(free: Iterator[int], count: int) -> tuple[int, ...]:
    """`count` free ports; for replicas they must follow one another, as Compose knows only ranges."""
    if count <= 1:
        return (next(free),)
    seen: set[int] = set()
    for port in free:
        seen.add(port)
        if all(port - back in seen for back in range(count)):
            return tuple(range(port - count + 1, port + 1))
    raise CannotRun("no free ports are left on this machine")
