"""Whether the load's service is reached from where a worker is, and is the one that the harness means."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path

from harness.load.tls import origin

REACH_S = 5.0


def network() -> str:
    """Which machine's network this process is in: on another one, loopback is somewhere else."""
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {os.readlink('/proc/self/ns/net')}"


def unreachable(url: str, masters: str) -> str:
    """Why it is not reached, '' when it is. `masters`: the network of the load's master."""
    _, host, port = origin(url)
    if _loopback(host) and network() != masters:
        return "that is another machine's loopback"
    try:
        socket.create_connection((host, port), REACH_S).close()
    except OSError as error:
        return str(error)
    return ""


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
