"""Which dependencies the load of a first drill probably comes to: connections that rose while it was asked for, or routes that name one. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from harness.edges import Edge
from harness.init.routes import Route

ROSE = 3
"""Fewer new connections may be those of a pool that fills, or of a job."""
LEAST = 4
"""Letters of a word that may stand within another: the cart of `cartservice`, the catalogue of `catalog`."""
_ANY = {"app", "api", "web", "page", "home", "index", "public", "static", "asset", "service", "server", "rest", "html"}
"""What many paths and services hold, whatever they are about."""

Counts = Mapping[tuple[str, str], Mapping[int, int]]


@dataclass(frozen=True)
class Use:
    """`weight`: more for more reason to believe in it; `why` says it, '' where nothing tells."""

    weight: tuple[int, int] = (0, 0)
    why: str = ""


def rose(before: Counts, asked: Counts) -> tuple[str, ...]:
    """Edges with more connections, by caller and peer, while the load was asked for than before it; none where nobody looked before."""
    found = []
    for (caller, peer), ports in asked.items():
        quiet = before.get((caller, peer), {})
        if before and sum(max(0, count - quiet.get(port, 0)) for port, count in ports.items()) >= ROSE:
            found.append(f"{caller}->{peer}")
    return tuple(found)


def use(edge: Edge, home: str, routes: Sequence[Route], risen: Collection[str]) -> Use:
    """Of an edge by the load on `home`. Its own name tells nothing of what it calls."""
    names = {word for name in {edge.caller, edge.dependency} - {home} for word in _words(name)}
    naming = [
        route
        for route in routes
        if not route.off and any(_alike(one, other) for one in _words(_fixed(route.path)) for other in names)
    ]
    weight = (edge.id in risen, sum(route.weight for route in naming))
    if edge.id in risen:
        return Use(weight, "its connections rose while the load was asked for")
    return Use(weight, f"the load's {naming[0].name} is named like it") if naming else Use()


def _fixed(path: str) -> str:
    """Without its parameters and its query."""
    return re.sub(r"\{[^}]*\}", "", path.partition("?")[0])


def _words(text: str) -> set[str]:
    found = {word.removesuffix("s") for word in re.findall(r"[a-z]{3,}", text.lower())}
    return found - _ANY


def _alike(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= LEAST and long.startswith(short))
