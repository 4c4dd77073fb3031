"""A small directed graph laid out in layers, callers above what they call: ranks, order within a rank, places. Pure.

Edges that span several ranks pass through bends of their own, so that no line runs across a box.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

GAP_X, GAP_Y = 44.0, 86.0
BOX_HEIGHT = 46.0
BEND_WIDTH = 24.0
SWEEPS = 8

Edge = tuple[str, str]
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """x and y are its centre."""

    name: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """`lines`: by edge the points that it passes, from its caller's lower side to its dependency's upper side."""

    boxes: Mapping[str, Box]
    lines: Mapping[Edge, tuple[Point, ...]]
    width: float
    height: float


def layered(widths: Mapping[str, float], edges: Sequence[Edge]) -> Layout:
    """Lay out the nodes (name to width of its box) and the edges between them; names not among the nodes are left out."""
    known = [edge for edge in dict.fromkeys(edges) if edge[0] in widths and edge[1] in widths and edge[0] != edge[1]]
    ranks = _ranks(list(widths), known)
    layers, chains = _with_bends(ranks, known)
    _order(layers, chains)
    return _placed(layers, chains, widths)


def _ranks(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """The longest way down to each node; an edge that would close a circle does not count."""
    forward = _without_circles(names, edges)
    ranks = dict.fromkeys(names, 0)
    for _ in names:
        for caller, dependency in forward:
            ranks[dependency] = max(ranks[dependency], ranks[caller] + 1)
    return ranks


def _without_circles(names: Sequence[str], edges: Sequence[Edge]) -> list[Edge]:
    below: dict[str, list[str]] = {name: [] for name in names}
    kept = []
    for caller, dependency in edges:
        if not _reaches(dependency, caller, below):
            below[caller].append(dependency)
            kept.append((caller, dependency))
    return kept


def _reaches(start: str, goal: str, below: Mapping[str, Sequence[str]]) -> bool:
    seen, todo = {start}, [start]
    while todo:
        name = todo.pop()
        if name == goal:
            return True
        todo += [other for other in below[name] if other not in seen]
        seen.update(below[name])
    return False


def _with_bends(ranks: Mapping[str, int], edges: Sequence[Edge]) -> tuple[list[list[str]], dict[Edge, list[str]]]:
    """Layers of names, with a bend for each rank that an edge passes, and for each edge its chain of names."""
    layers: list[list[str]] = [[] for _ in range(max(ranks.values(), default=0) + 1)]
    for name, rank in ranks.items():
        layers[rank].append(name)
    chains = {}
    for caller, dependency in edges:
        low, high = ranks[caller], ranks[dependency]
        step = 1 if high > low else -1
        bends = [f"\0{caller}\0{dependency}\0{rank}" for rank in range(low + step, high, step)]
        for bend, rank in zip(bends, range(low + step, high, step), strict=True):
            layers[rank].append(bend)
        chains[caller, dependency] = [caller, *bends, dependency]
    return layers, chains


def _order(layers: list[list[str]], chains: Mapping[Edge, Sequence[str]]) -> None:
    """Few crossings: each name goes to the middle of its neighbours in the layer before, down and up again."""
    neighbours: dict[str, list[str]] = {}
    for chain in chains.values():
        for one, other in pairwise(chain):
            neighbours.setdefault(one, []).append(other)
            neighbours.setdefault(other, []).append(one)
    for sweep in range(SWEEPS):
        order = range(1, len(layers)) if sweep % 2 == 0 else range(len(layers) - 2, -1, -1)
        for rank in order:
            before = layers[rank - 1] if sweep % 2 == 0 else layers[rank + 1]
            place = {name: (i + 0.5) / len(before) for i, name in enumerate(before)}
            own = {name: (i + 0.5) / len(layers[rank]) for i, name in enumerate(layers[rank])}

            def middle(name: str, place: Mapping[str, float] = place, own: Mapping[str, float] = own) -> float:
                near = [place[other] for other in neighbours.get(name, ()) if other in place]
                return sum(near) / len(near) if near else own[name]

            layers[rank].sort(key=middle)


def _placed(
    layers: Sequence[Sequence[str]], chains: Mapping[Edge, Sequence[str]], widths: Mapping[str, float]
) -> Layout:
    total = max((_breadth(layer, widths) for layer in layers), default=0.0)
    places: dict[str, Point] = {}
    for rank, layer in enumerate(layers):
        x = (total - _breadth(layer, widths)) / 2
        for name in layer:
            width = widths.get(name, BEND_WIDTH)
            places[name] = (x + width / 2, rank * (BOX_HEIGHT + GAP_Y) + BOX_HEIGHT / 2)
            x += width + GAP_X
    boxes = {name: Box(name, *places[name], widths[name], BOX_HEIGHT) for name in widths}
    lines = {edge: _line([places[name] for name in chain]) for edge, chain in chains.items()}
    height = len(layers) * BOX_HEIGHT + max(0, len(layers) - 1) * GAP_Y
    return Layout(boxes, lines, total, height)


def _breadth(layer: Sequence[str], widths: Mapping[str, float]) -> float:
    return sum(widths.get(name, BEND_WIDTH) for name in layer) + GAP_X * max(0, len(layer) - 1)


def _line(points: Sequence[Point]) -> tuple[Point, ...]:
    """From the side of the first box that faces the second to the side of the last that is faced."""
    (x0, y0), (x1, y1) = points[0], points[-1]
    half = BOX_HEIGHT / 2 if y1 >= y0 else -BOX_HEIGHT / 2
    return ((x0, y0 + half), *points[1:-1], (x1, y1 - half))
