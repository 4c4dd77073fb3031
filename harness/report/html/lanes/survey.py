"""The survey: whether a caller's connections went over its edge, or around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from harness.facts import Injecting, Surveyed
from harness.report.html.lanes.base import Bands, Mark, Tone

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story

KINDS: dict[str, tuple[Tone, str]] = {
    "over": ("good", "over the edge alone"),
    "around": ("bad", "AROUND the edge"),
    "beside": ("quiet", "around the edge, where nothing was hurt"),
    "none": ("quiet", "no connection"),
    "carried": ("good", "its proxy carried what was not ours"),
    "stated": ("quiet", "the only way, as its owner states"),
}

UNCOUNTED = ("carried", "stated")
"""Where a caller's connections cannot be seen (see facts.Surveyed.how)."""


def lane(story: Story, _seconds: Seconds | None) -> Bands | None:
    edges: dict[str, list[Surveyed]] = {}
    for fact in story.journal.of(Surveyed):
        edges.setdefault(fact.edge, []).append(fact)
    hurt = {edge for fact in story.journal.of(Injecting) for edge in fact.target.split("+")}
    rows = tuple((edge, tuple(_marks(facts, edge in hurt))) for edge, facts in sorted(edges.items()))
    note = "The caller's own connections, read in its network: proof that nothing went around an edge that was hurt."
    return Bands("survey", "Survey", rows, note) if rows else None


def kind(fact: Surveyed, hurt: bool = True) -> str:
    if fact.direct:
        return "around" if hurt else "beside"
    return "over" if fact.mediated else fact.how or "none"


def _marks(facts: Sequence[Surveyed], hurt: bool) -> Iterator[Mark]:
    """Looks in a row that saw the same, as one mark; it lasts until the next look."""
    groups = [(name, list(group)) for name, group in groupby(facts, key=lambda fact: kind(fact, hurt))]
    for i, (name, group) in enumerate(groups):
        tone, text = KINDS[name]
        end_s = groups[i + 1][1][0].at_s if i + 1 < len(groups) else group[-1].at_s
        over, around = [fact.mediated for fact in group], [fact.direct for fact in group]
        counted = {"over the edge": _range(over), "around it": _range(around)} if name not in UNCOUNTED else {}
        detail = {"looks": len(group), **counted}
        cites = tuple(dict.fromkeys((group[0].cite, group[-1].cite)))
        yield Mark(group[0].at_s, end_s, text, tone, detail, cites)


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low} connections" if low == high else f"{low} to {high} connections"
