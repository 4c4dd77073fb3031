"""The TCP ports on which a process's network namespace listens, read from its LISTEN rows: nothing is dialled."""

from __future__ import annotations

from collections.abc import Callable, Iterator

LISTEN = b"0A"
CHUNK_BYTES = 8192


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
    """Whether an address as the kernel prints it (each 32 bits in host order) is 127.0.0.0/8, ::1 or ::ffff:127.0.0.0/104."""
    if len(address) == 8:
        return address.endswith(b"7F")
    if address == b"00000000000000000000000001000000":
        return True
    return address.startswith(b"0000000000000000FFFF0000") and address.endswith(b"7F")
