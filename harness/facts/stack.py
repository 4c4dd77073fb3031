"""The stack: the edges as they were placed, and what uses them."""

from __future__ import annotations

from dataclasses import dataclass

from harness.facts.base import Fact


@dataclass(frozen=True, kw_only=True)
class EdgeFound(Fact):
    """An edge as it was placed for this run (see harness.edges.Edge); `names`: those that the caller knows its dependency by."""

    edge: str
    address: str
    ports: tuple[int, ...] = ()
    speaks: str = ""
    known: tuple[str, ...] = ()
    refused: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ListenersChanged(Fact):
    """The keeper saw a dependency's TCP listeners change; the edges to it are open on exactly these ports."""

    service: str
    ports: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Surveyed(Fact):
    """A survey of a caller's connections: how many went over the edge's address, how many straight to the dependency.

    how   where connections cannot be counted, what tells that they go over the edge: 'carried' (its proxy carried what no look of
          ours was), 'stated' (by the target's owner); then both numbers are 0
    """

    edge: str
    mediated: int
    direct: int
    examples: tuple[str, ...] = ()
    how: str = ""
