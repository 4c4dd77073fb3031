"""The TCP ports on which a process's network namespace listens, read from its LISTEN rows: nothing is dialled."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator

LISTEN = b"0A"
CHUNK_BYTES = 4096
SURE_S = 1.0
"""A listener that goes while a connection comes leaves the count of sockets as it was; so often the rows are read
anyhow."""
SHARE = 0.025
"""At most this share of a core goes into reading the rows of one container that has many short connections."""


def listening(pid: int) -> frozenset[int]:
    """Ports that others can reach. Raises OSError when the process is gone."""
    found: set[int] = set()
    for table in ("tcp", "tcp6"):
        try:
            with open(f"/proc/{pid}/net/{table}", "rb", buffering=0) as file:
                found |= set(ports(_listen_rows(file.read)))
        except FileNotFoundError:
            if table == "tcp":  # without IPv6 there is no tcp6; without tcp there is no process
                raise
    return frozenset(found)


def _listen_rows(read: Callable[[int], bytes]) -> bytes:
    """Only the head of the table: the kernel prints listeners first, and a busy server has thousands of other rows."""
    text = b""
    while True:
        chunk = read(CHUNK_BYTES)
        text += chunk
        last = text.rpartition(b"\n")[0].rpartition(b"\n")[2].split()
        if not chunk or (len(last) > 3 and last[0] != b"sl" and last[3] != LISTEN):
            return text


def ports(table: bytes) -> Iterator[int]:
    """Ports of the LISTEN rows of a /proc/net/tcp table that are not bound to the loopback alone.

    Docker's own resolver listens on 127.0.0.11 in every container and is left out by the same rule.
    """
    for line in table.splitlines():
        fields = line.split(None, 4)
        if len(fields) < 5 or fields[3] != LISTEN:
            continue
        address, _, port = fields[1].partition(b":")
        if not loopback(address):
            yield int(port, 16)


def loopback(address: bytes) -> bool:
    """Whether an address as the kernel prints it, 32 bits at a time, is 127.0.0.0/8, ::1 or ::ffff:127.0.0.0/104."""
    if len(address) == 8:
        return address.endswith(b"7F")
    if address == b"00000000000000000000000001000000":
        return True
    return address.startswith(b"0000000000000000FFFF0000") and address.endswith(b"7F")


def _inuse(text: bytes) -> bytes:
    start = text.find(b"TCP")
    return text[start : text.find(b" ", text.find(b"inuse ", start) + 6)].strip() + b"\n"


class Namespace:
    """The listeners of one process's namespace. Close it: its open files keep the namespace alive.

    Its rows cost up to a millisecond, since the kernel walks the machine's whole table of connections for them. The
    count
    of its sockets costs a hundredth of that, and hardly a listener comes or goes without it; so the rows are read
    when it
    changed, and each second to be sure. Raises OSError when the process is gone, at once or with the next look.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ports: frozenset[int] = frozenset()
        self._count = b""
        self._read_s = float("-inf")
        self._not_before_s = float("-inf")
        self._counts: list[int] = []
        for name in ("sockstat", "sockstat6"):
            with contextlib.suppress(FileNotFoundError):
                self._counts.append(os.open(f"/proc/{pid}/net/{name}", os.O_RDONLY | os.O_CLOEXEC))

    def listening(self) -> frozenset[int]:
        """As listening(pid)."""
        now_s = time.monotonic()
        count = b"".join(_inuse(os.pread(handle, 512, 0)) for handle in self._counts)
        if self._counts and count == self._count and now_s - self._read_s < SURE_S:
            return self._ports
        if self._ports and now_s < self._not_before_s:
            return self._ports
        began_s = time.thread_time()
        self._ports = listening(self._pid)
        self._not_before_s = now_s + min((time.thread_time() - began_s) / SHARE, 0.1)
        self._count, self._read_s = count, now_s
        return self._ports

    def close(self) -> None:
        for handle in self._counts:
            os.close(handle)
        self._counts = []
