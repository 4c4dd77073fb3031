"""The witness: each look through an edge, how long its answer took, or how it failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.facts import Witnessed
from harness.report.html.lanes.base import Looks, Ticks

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story

MOST_LOOKS = 3000  # of an edge; of more, the worst of each few


def lane(story: Story, _seconds: Seconds | None) -> Ticks | None:
    edges: dict[str, list[Witnessed]] = {}
    for look in story.journal.of(Witnessed):
        edges.setdefault(look.edge, []).append(look)
    if not edges:
        return None
    each = max(-(-len(looks) // MOST_LOOKS) for looks in edges.values())
    rows = tuple(_row(edge, thinned(looks, each)) for edge, looks in sorted(edges.items()))
    note = "A complete exchange through the edge, from inside the caller's network; full height: no answer."
    return Ticks("witness", "Witness", rows, f"{note} Of every {each} looks the worst is shown." if each > 1 else note)


def thinned(looks: Sequence[Witnessed], each: int) -> list[Witnessed]:
    """Of every `each` looks in turn the worst: one without an answer, else the slowest."""
    return [max(looks[i : i + each], key=_badness) for i in range(0, len(looks), each)]


def _badness(look: Witnessed) -> tuple[bool, float]:
    return look.outcome != "answered", took_ms(look) or 0.0


def took_ms(look: Witnessed) -> float | None:
    """Connect and answer together; None where no answer came."""
    if look.outcome != "answered":
        return None
    return round((look.connect_ms or 0.0) + (look.answer_ms or 0.0), 3)


def _row(edge: str, looks: Sequence[Witnessed]) -> Looks:
    return Looks(
        edge,
        tuple(round(look.at_s, 3) for look in looks),
        tuple(took_ms(look) for look in looks),
        tuple(look.outcome for look in looks),
        tuple(look.cite for look in looks),
    )
