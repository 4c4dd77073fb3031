"""An edge: one service calling one dependency, and how we know of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

How = Literal["declared", "inferred", "seen"]


@dataclass(frozen=True)
class Known:
    """One reason to believe in an edge: `how`, and `where` it stands (`environment DB_HOST`, `depends_on`, `12 connections`)."""

    how: How
    where: str


@dataclass(frozen=True)
class Edge:
    """`caller->dependency`. `refused` says why it cannot be mediated; such an edge stays as it was and no fault may name it.

    names       every name under which the caller knows the dependency
    ports       TCP ports known beforehand; more are added while the stack runs, as the dependency begins to listen
    address     where the edge's proxies listen, once placed; '' before
    network     the project's network (its key in the Compose file) on which the address lives
    upstream    the host name that Toxiproxy dials; the dependency's own
    speaks      the protocol for the witness ('http', 'mysql', …); '' when not known
    also        services that share the caller's network namespace, and so its hosts file
    lodgers     services that share the dependency's network namespace, and so are reached by way of this edge
    """

    caller: str
    dependency: str
    names: tuple[str, ...] = ()
    known: tuple[Known, ...] = ()
    ports: tuple[int, ...] = ()
    external: bool = False
    address: str = ""
    network: str = ""
    upstream: str = ""
    speaks: str = ""
    refused: str = ""
    also: tuple[str, ...] = field(default=())
    lodgers: tuple[str, ...] = field(default=())

    @property
    def id(self) -> str:
        return f"{self.caller}->{self.dependency}"


def is_edge(text: str) -> bool:
    """Whether it is an edge's id; one from a damaged record may be none."""
    try:
        return bool(edge_id(text))
    except ValueError:
        return False


def edge_id(text: str) -> tuple[str, str]:
    """'api -> postgres' as ('api', 'postgres'). Raises ValueError on anything else."""
    caller, arrow, dependency = text.partition("->")
    if not arrow or not caller.strip() or not dependency.strip() or "->" in dependency:
        raise ValueError(f"{text!r} is not an edge; write caller->dependency, such as api->postgres")
    return caller.strip(), dependency.strip()
