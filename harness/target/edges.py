"""The edges of a target, as plans and runs know edges. Pure."""

from __future__ import annotations

from harness.edges import Edge, Known, edge_id
from harness.target.model import Target


def edges_of(target: Target) -> tuple[Edge, ...]:
    """One for each that it states. `address` is where this machine reaches the proxy, '' where it does not."""
    found = []
    for name, at in target.edges.items():
        caller, dependency = edge_id(name)
        host, _, port = (at.witness or "").rpartition(":")
        found.append(
            Edge(
                caller,
                dependency,
                names=(dependency,),
                known=(Known("declared", f"{target.where}: proxy {at.proxy} of {target.api_of(at)}"),),
                ports=(int(port),) if port else (),
                address=host,
                speaks=at.speaks,
            )
        )
    return tuple(found)
