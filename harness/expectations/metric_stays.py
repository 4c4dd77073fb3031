"""A metric of the stack's own stays where it belongs."""

from __future__ import annotations

from typing import ClassVar

from harness import alerting
from harness.expectations import alerts
from harness.expectations.band import PROBE, Band
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.requests import cites, still_open
from harness.facts import Sampled
from harness.quantities import figures
from harness.verdict import Finding, Measure, failed, inconclusive, passed


class MetricStays(Band, Expectation):
    """Every series that a query gives stays below, or above, a value all the time.

        expect:
          - metric_stays: {query: "sum(rate(orders_failed_total[30s]))", below: 0.1}
          - metric_stays: {query: up, above: 0.5}

    Units:   those of the query (PromQL). `below` and `above` exclude the value itself; both together make a band.
    Counts:  the query asked once a second while the window lasts, each series by itself.
    Decides: failed at the first value beyond; passed when the window is over, every answer had a number and none was
             missed. An answer without a series, or with NaN, is no data: it never passes.
    Source:  Prometheus' /api/v1/query, which looks back up to 5 minutes where a series has no newer sample.
    """

    word: ClassVar[str] = "metric_stays"

    def about(self) -> str:
        return "".join(c if c.isalnum() or c == "_" else "-" for c in self.query)[:40].strip("-")

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach)

    def queries(self) -> tuple[str, ...]:
        return (self.query,)

    def check(self, evidence: Evidence) -> Finding:
        journal, window = evidence.journal, alerts.begun(evidence)
        if isinstance(window, Finding):
            return window
        samples = [
            sample
            for sample in journal.of(Sampled, query=self.query, since_s=window.start_s, until_s=window.end_s)
            if sample.at_s < window.end_s
        ]
        values = [sample.value for sample in samples if sample.value is not None]
        beyond = next((s for s in samples if s.value is not None and not self.holds(s.value)), None)
        measure = Measure(min(values), max(values), "", "grid") if values else None
        if beyond is not None:
            assert beyond.value is not None
            return failed(
                f"{self.query} was {figures(beyond.value, 4)}{_of(beyond)} at {beyond.at_s:.1f} s (limit {self.limit})",
                reason="beyond",
                measure=measure,
                cites=cites(evidence, beyond),
            )
        if not window.ended:
            return still_open(evidence, window)
        if not self.watched(journal, window.start_s, window.end_s):
            what = f"{self.query} was not seen beyond its limit"
            never = alerts.never_asked(evidence, self.query, PROBE)
            return never or alerts.not_watched(evidence, what, probe=PROBE, target=self.query)
        empty = next((sample for sample in samples if sample.value is None), None)
        if empty is not None or not values:
            at = f" at {empty.at_s:.1f} s" if empty else ""
            return inconclusive(
                f"{self.query} gave {'no series' if empty is None or empty.count == 0 else 'no number'}{at}",
                reason="no_data",
                decide="a query that gives a number all the time",
                measure=measure,
                cites=cites(evidence, empty),
            )
        return passed(
            f"{self.query} stayed {self.limit}: {figures(min(values), 4)} to {figures(max(values), 4)}",
            measure=measure,
            cites=cites(evidence),
        )


def _of(sample: Sampled) -> str:
    return f" for {alerting.shown(sample.labels, ())}" if sample.labels else ""
