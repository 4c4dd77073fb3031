"""How many connections are open in a network, from the kernel's table: a pool's, and those that nobody gives back."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.inside.connections import Row, listening

UNCLOSED = "CLOSE_WAIT"
"""The other side has closed, and this one has not: a connection stays so until its process closes it, or ends."""
OPEN = ("ESTABLISHED", UNCLOSED)


def held(
    table: Iterable[Row], ours: Collection[tuple[str, int]] = (), far: Collection[str] | None = None
) -> tuple[int, int]:
    """Open connections, and those of them that are unclosed. One of which both ends are in this network counts once.

    ours   source addresses and ports of our own looks, which are left out
    far    only calls to these addresses count; None: all connections
    """
    rows = list(table)
    served = set(listening(rows)) if far is not None else set()
    seen: dict[frozenset[tuple[str, int]], bool] = {}
    for row in rows:
        near, other = (row.ip, row.port), (row.peer_ip, row.peer_port)
        if row.state not in OPEN or near in ours or other in ours:
            continue
        if far is not None and (row.peer_ip not in far or row.port in served):
            continue
        both = frozenset((near, other))
        seen[both] = seen.get(both, False) or row.state == UNCLOSED
    return len(seen), sum(seen.values())
