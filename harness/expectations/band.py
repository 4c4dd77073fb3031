"""A number that the stack tells (PromQL), and where it belongs; and what it was at each look."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from pydantic import Field, model_validator

from harness import alerting, promql
from harness.facts import RuleSeen, Sampled, TargetSeen
from harness.journal import Journal
from harness.quantities import Model, figures

PROBE = "samples"
GAP_S = 5.0  # as the probe promises (harness/probes/samples.py); a test holds them together
LAG_S = 2.0


@dataclass(frozen=True)
class Look:
    """One answer to the query. `worst`: a series beyond the band, one without a number, or any; `well` None for no number at all."""

    at_s: float
    worst: Sampled
    well: bool | None

    @property
    def number(self) -> str:
        return "no number" if self.worst.value is None else figures(self.worst.value, 4)

    @property
    def said(self) -> str:
        """Its number, and whose, in a sentence: '14 for {queue="orders"}'."""
        return f"{self.number} for {alerting.shown(self.worst.labels, ())}" if self.worst.labels else self.number


class Band(Model):
    """A query whose series all stay below, or above, a value: `{query: "sum(orders_parked)", below: 1}`.

    `below` and `above` exclude the value itself; both together make a band. Asked once a second.
    """

    query: str = Field(min_length=1, description="PromQL that gives a vector or a scalar")
    below: float | None = Field(default=None, description="every value is less")
    above: float | None = Field(default=None, description="every value is greater")

    @model_validator(mode="after")
    def _some_limit(self) -> Band:
        if self.below is None and self.above is None:
            raise ValueError("give `below`, `above`, or both")
        if self.below is not None and self.above is not None and self.above >= self.below:
            raise ValueError(f"nothing is above {self.above:g} and below {self.below:g}")
        return self

    @property
    def limit(self) -> str:
        """The band in words: 'above 0 and below 1'."""
        limits = (("above", self.above), ("below", self.below))
        return " and ".join(f"{word} {value:g}" for word, value in limits if value is not None)

    def holds(self, value: float) -> bool:
        below = self.below is None or value < self.below
        return below and (self.above is None or value > self.above) and not math.isnan(value)

    def watched(self, journal: Journal, start_s: float, end_s: float) -> bool:
        """Whether the query was asked all the time, and answered."""
        return journal.watched(PROBE, self.query, start_s, end_s, GAP_S, LAG_S)

    def looks(self, journal: Journal, start_s: float, end_s: float) -> Sequence[Look]:
        """The answers of [start_s, end_s), each with all of its series."""
        found = journal.of(Sampled, query=self.query, since_s=start_s, until_s=end_s)
        samples = sorted((one for one in found if one.at_s < end_s), key=lambda sample: sample.at_s)
        return tuple(self._looks(samples))

    def stale_s(self, journal: Journal, shown: Sampled) -> float:
        """How long before an answer what it shows may have been so last: as old as the last scrape, and as far back as it reads,
        through recording rules as old as their last evaluations."""
        try:
            course = self.course(journal)
        except ValueError:
            back_s = 0.0
        else:
            groups = {rule.group: rule.interval_s for rule in course.rules if rule.kind == "recording"}
            back_s = course.window_s + sum(groups.values())
        targets, of = journal.of(TargetSeen), shown.labels
        mine = [one for one in targets if (one.job, one.instance) == (of.get("job"), of.get("instance"))]
        return max(back_s, *(one.interval_s for one in mine or targets), 0.0)

    def course(self, journal: Journal) -> promql.Course:
        """What the query reads, through the recording rules that were seen. Raises ValueError where it cannot be read."""
        return promql.course_of(alerting.loaded(journal), RuleSeen(rule="", expr=self.query))

    def _looks(self, samples: Sequence[Sampled]) -> Iterator[Look]:
        for at_s, group in groupby(samples, key=lambda sample: sample.at_s):
            answer = list(group)
            beyond = [one for one in answer if one.value is not None and not self.holds(one.value)]
            nothing = [one for one in answer if one.value is None]
            well = False if beyond else None if nothing else True
            yield Look(at_s, (beyond or nothing or answer)[0], well)
