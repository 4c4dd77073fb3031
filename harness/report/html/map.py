"""The map of services and edges with what was hurt, as shapes for an SVG: our own layered layout. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.edges import edge_id, is_edge
from harness.facts import ContainerSeen, EdgeFound, Injecting, ListenersChanged
from harness.report.html.layout import Point, layered

if TYPE_CHECKING:
    from harness.journal import Journal
    from harness.report.story import Story

LOAD = "the load"
CHAR, PADDING, SMALLEST = 7.6, 30.0, 96.0  # px of a letter of the boxes' font, around it, and of a box at least
MARGIN = 14.0
LONGEST = 28  # letters of a name that a box shows


@dataclass(frozen=True)
class Node:
    """A box: its corner, size, name (`shown` cut short), a line below it, and what it is: load, service, hurt."""

    name: str
    shown: str
    below: str
    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """An edge: its path, where its label stands, and what it is: plain, hurt, refused, load."""

    id: str
    path: str
    label: str
    kind: str
    x: float
    y: float


@dataclass(frozen=True)
class Map:
    nodes: tuple[Node, ...]
    lines: tuple[Line, ...]
    width: float
    height: float


def map_of(story: Story) -> Map | None:
    """None where no service and no edge is known."""
    edges = {fact.edge: fact for fact in story.journal.of(EdgeFound) if is_edge(fact.edge)}
    services = _services(story, edges)
    if not services:
        return None
    target = story.plan.drill.load.against.service
    pairs = [edge_id(edge) for edge in edges]
    if target in services:
        services = [LOAD, *services]
        pairs = [(LOAD, target), *pairs]
    hurt = _hurt(story.journal)
    below = {name: _below(name, tuple(edges.values()), story.journal) for name in services}
    widths = {name: max(SMALLEST, max(len(_cut(name)), len(below[name]) * 0.86) * CHAR + PADDING) for name in services}
    layout = layered(widths, pairs)
    nodes = tuple(
        Node(
            name,
            _cut(name),
            "hurt: " + ", ".join(hurt[name]) if name in hurt else below[name],
            "load" if name == LOAD else "hurt" if name in hurt else "service",
            box.x - box.width / 2 + MARGIN,
            box.y - box.height / 2 + MARGIN,
            box.width,
            box.height,
        )
        for name, box in layout.boxes.items()
    )
    lines = tuple(_line("->".join(edge), points, edges, hurt) for edge, points in layout.lines.items())
    order = {"plain": 0, "refused": 0, "load": 0, "hurt": 1}
    ordered = tuple(sorted(lines, key=lambda line: order[line.kind]))  # what was hurt is drawn over the rest
    return Map(nodes, ordered, layout.width + 2 * MARGIN, layout.height + 2 * MARGIN)


def _services(story: Story, edges: Mapping[str, EdgeFound]) -> list[str]:
    ends = [name for edge in edges for name in edge_id(edge)]
    seen = [fact.service for fact in story.journal.of(ContainerSeen)]
    return list(dict.fromkeys(name for name in (*ends, *seen) if name))


def _hurt(journal: Journal) -> dict[str, list[str]]:
    """By edge or service, the kinds of faults that were injected there, each once."""
    hurt: dict[str, list[str]] = {}
    for fact in journal.of(Injecting):
        kinds = hurt.setdefault(fact.target, [])
        if fact.kind not in kinds:
            kinds.append(fact.kind)
    return hurt


def _below(name: str, edges: Sequence[EdgeFound], journal: Journal) -> str:
    """What it speaks and the ports on which it listens, as far as they are known."""
    if name == LOAD:
        return "Locust"
    speaks = {edge.speaks for edge in edges if edge.edge.endswith(f"->{name}") and edge.speaks}
    ports = {port for edge in edges if edge.edge.endswith(f"->{name}") for port in edge.ports}
    ports |= {port for fact in journal.of(ListenersChanged, service=name) for port in fact.ports}
    shown = [f":{port}" for port in sorted(ports)[:3]] + (["…"] if len(ports) > 3 else [])
    return " ".join([*sorted(speaks), *shown])


def _line(id_: str, points: Sequence[Point], edges: Mapping[str, EdgeFound], hurt: Mapping[str, Sequence[str]]) -> Line:
    fact = edges.get(id_)
    kind = "load" if fact is None else "hurt" if id_ in hurt else "refused" if fact.refused else "plain"
    label = ", ".join(hurt.get(id_, ())) or ("not mediated" if kind == "refused" else "")
    moved = [(x + MARGIN, y + MARGIN) for x, y in points]
    middle = (
        moved[len(moved) // 2] if len(moved) > 2 else ((moved[0][0] + moved[1][0]) / 2, (moved[0][1] + moved[1][1]) / 2)
    )
    return Line(id_, curve(moved), label, kind, *middle)


def curve(points: Sequence[Point]) -> str:
    """A smooth path through the points, upright at each."""
    path = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x0, y0), (x1, y1) in pairwise(points):
        half = (y1 - y0) / 2
        path.append(f"C{x0:.1f} {y0 + half:.1f} {x1:.1f} {y1 - half:.1f} {x1:.1f} {y1:.1f}")
    return "".join(path)


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
