"""Which dependencies the load of a first drill probably comes to: connections that rose while it was asked for, or routes that name one. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from harness.edges import Edge
from harness.init.routes import Route

CLEARLY = 2
"""So many times what others may have opened meanwhile."""
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


def rose(
    idle: tuple[Counts, Counts], before: Counts, asked: Counts, *, times_longer: float, each_page: float
) -> tuple[str, ...]:
    """Edges with clearly more new connections, by caller and peer, while the load was asked for than others open (a job, a health
    check), and not few for the requests; none where nobody looked before.

    idle          at both ends of a stretch without requests; times_longer  how much longer the load lasted than that
    before        as the load began; each_page  how often it asked for each page
    """
    found = []
    for caller, peer in asked if before else ():
        pair = caller, peer
        others = (_more(pair, *idle) + 1) * times_longer  # one more may have come a moment later
        if _more(pair, before, asked) >= max(CLEARLY * others, each_page / 2):
            found.append(f"{caller}->{peer}")
    return tuple(found)


def _more(pair: tuple[str, str], before: Counts, after: Counts) -> int:
    then = before.get(pair, {})
    return sum(max(0, count - then.get(port, 0)) for port, count in after.get(pair, {}).items())


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
