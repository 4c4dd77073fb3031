"""PromQL, asked on an interval: for claims about metrics and dashboards, and for guards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.errors import NotApplied
from harness.facts import Blinded, Fact, Looked, Sampled
from harness.world.handles import World

MOST = 20  # series of one answer that are written: the extremes are always among them


class SeriesLike(Protocol):
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def points(self) -> Sequence[tuple[float, float | None]]: ...


class AnswerLike(Protocol):
    @property
    def series(self) -> Sequence[SeriesLike]: ...
    @property
    def warnings(self) -> Sequence[str]: ...


class Querier(Protocol):
    """What the probe needs of world.metrics.Prometheus."""

    def query(self, expr: str) -> AnswerLike: ...


@dataclass(frozen=True, eq=False)
class SamplesProbe:
    """Asks its queries one after another; each has a Looked or a Blinded of its own.

    most   series written per answer: all that a claim needs are the extremes
    """

    prometheus: Querier
    queries: tuple[str, ...]
    every_s: float = 1.0
    gap_s: float = 5.0
    lag_s: float = 2.0
    most: int = MOST
    name: str = "samples"

    def look(self, world: World) -> Sequence[Fact]:
        facts: list[Fact] = []
        for query in self.queries:
            try:
                answer = self.prometheus.query(query)
            except NotApplied as error:
                facts.append(Blinded(probe=self.name, target=query, error=str(error)))
                continue
            facts += sampled(query, answer, self.most)
            facts.append(Looked(probe=self.name, target=query))
        return tuple(facts)


def sampled(query: str, answer: AnswerLike, most: int) -> list[Sampled]:
    """An answer as facts, least and greatest first; one without value for an answer without series."""
    warnings = tuple(answer.warnings)
    if not answer.series:
        return [Sampled(query=query, count=0, warnings=warnings)]
    found = [
        Sampled(
            query=query,
            value=one.points[-1][1] if one.points else None,
            labels=dict(one.labels),
            count=len(answer.series),
            warnings=warnings,
            happened_s=one.points[-1][0] if one.points else None,
        )
        for one in answer.series
    ]
    nothing = [sample for sample in found if sample.value is None]
    numbers = sorted((s for s in found if s.value is not None), key=lambda s: s.value or 0.0)
    return [*nothing[:1], *numbers[-1:], *numbers[:-1], *nothing[1:]][:most]
