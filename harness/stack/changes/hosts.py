"""Callers find their dependency at the edge's address: an entry in their hosts file, which goes before DNS."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from harness.edges import Edge
from harness.stack import names as topology
from harness.stack.changes.fixed_names import add_alias
from harness.stack.place import unique_name


def hosts(config: dict[str, Any], edges: Sequence[Edge]) -> tuple[dict[str, Any], list[str]]:
    """`extra_hosts` for every name of each placed edge; the file's own entry of that name gives way, others stay."""
    new, lines = copy.deepcopy(config), []
    for edge in edges:
        body = (new.get("services") or {}).get(edge.caller)
        if not edge.address or body is None:
            continue
        # list(...): two entries of one name (IPv4 and IPv6) are two lines, and only ours of this name may remain
        kept = [f"{name}={value}" for name, value in _entries(body) if name not in edge.names]
        body["extra_hosts"] = [*kept, *(f"{name}={edge.address}" for name in edge.names)]
        lines.append(f"services.{edge.caller}.extra_hosts: {', '.join(edge.names)} → {edge.address} ({edge.id})")
    return new, lines


def upstream_aliases(config: dict[str, Any], edges: Sequence[Edge]) -> tuple[dict[str, Any], list[str]]:
    """A dependency whose name another service answers to as well gets an alias that is its alone, for Toxiproxy."""
    new, lines = copy.deepcopy(config), []
    for edge in edges:
        alias = unique_name(edge.dependency)
        if not edge.address or edge.upstream != alias:
            continue
        uses = topology.networks(new, edge.dependency)
        if any(alias in (use.get("aliases") or ()) for use in uses.values()):
            continue
        new["services"][edge.dependency]["networks"] = {key: add_alias(use, alias) for key, use in uses.items()}
        lines.append(f"services.{edge.dependency}.networks: alias {alias}, since another service answers to its name")
    return new, lines


def _entries(body: dict[str, Any]) -> list[tuple[str, str]]:
    given = body.get("extra_hosts") or ()
    if isinstance(given, dict):
        return list(topology.pinned_hosts(body).items())
    return [tuple(str(line).partition("=" if "=" in str(line) else ":")[::2]) for line in given]  # type: ignore[misc]
