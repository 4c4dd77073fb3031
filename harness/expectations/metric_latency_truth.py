"""The service's latency histogram holds what its users wait: no bucket claims more fast requests than there were."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from harness.expectations.base import Evidence, Reach
from harness.expectations.counters import Rise
from harness.expectations.metric_sides import Told, is_wide, no_number, too_wide
from harness.expectations.service_metric import ServiceMetric
from harness.quantities import Milliseconds, Ratio
from harness.series import shown_quantile
from harness.stats import needed_for_percentile, percentile_ranks
from harness.verdict import Details, Finding, Measure, failed, inconclusive, passed

BEYOND = 0.01  # `hidden` is a p99: one request in a hundred may be away from its timer for longer
Times = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Buckets:
    """Of one request name: by bound (s, ascending, infinity last), what the bucket rose by; and the load's times in µs, sorted.

    sure, can  of requests that were surely counted, and that can have been; `unclear` more can, and got no answer
    """

    request: str
    endpoints: frozenset[int]
    rose: tuple[tuple[float, float], ...]
    sure: Times
    can: Times
    unclear: int

    @property
    def name(self) -> str:
        return self.request or "all requests"

    @property
    def count(self) -> float:
        return self.rose[-1][1] if self.rose else 0.0

    @property
    def most(self) -> int:
        return len(self.can) + self.unclear

    def least_at(self, le_s: float) -> int:
        """Requests that were surely counted and answered within le: what the service took is not more."""
        return int(np.searchsorted(self.sure, _us(le_s), side="right"))

    def most_at(self, le_s: float, hidden_us: int) -> float:
        """Requests that can have been counted within le, where the askers waited at most `hidden` more."""
        if math.isinf(le_s):
            return self.most
        fast = int(np.searchsorted(self.can, _us(le_s) + hidden_us, side="right"))
        return fast + self.unclear + BEYOND * self.most

    def at(self, quantile: float) -> tuple[float, float]:
        """The bucket that the quantile's rank falls in, as the service counts: (over, up to) in seconds."""
        low_s = 0.0
        for le_s, rose in self.rose:
            if rose >= quantile * self.count:
                return low_s, le_s
            low_s = le_s
        return low_s, math.inf

    def waited_ms(self, quantile: float) -> tuple[float, float]:
        """The same as the askers measured it: the interval of its order statistics, 95 %."""
        low, high = percentile_ranks(len(self.can), quantile)
        return tuple(  # type: ignore[return-value]
            float(self.can[min(max(rank, 1), len(self.can)) - 1]) / 1e3 if len(self.can) else math.inf
            for rank in (low, high)
        )


class MetricLatencyTruth(ServiceMetric):
    """The service's latency histogram agrees, bucket by bucket, with what the load's requests took.

        expect:
          - metric_latency_truth: {metric: http_request_duration_seconds, only: 'job="api",route!="/healthz"'}
          - metric_latency_truth: {metric: http_request_duration_seconds, only: 'job="api"', request: "{method} {route}",
                                   quantile: 99%, hidden: 20ms}

    Units:   buckets in seconds; in milliseconds where the metric's name ends so. hidden: the most that a request may take
             outside of the service's timer (network, accept queue, waiting for a thread): 50ms when left out, for 99 of 100.
             quantile: the one that people look at (95%). The others as for metric_count_truth.
    Counts:  as metric_count_truth does; a request's time runs from its sending to its answer.
    Decides: what the service took is not more than what its asker waited, so for each bound `le`, requests answered within
             le ≤ bucket ≤ requests answered within le + hidden. Failed: exaggerates (fewer fast ones than there were),
             hides_latency (more: time passes before the timer starts), undercount, overcount, vanished, buckets_too_low (the
             quantile lies beyond the last bound, so that histogram_quantile gives the bound). Too few requests for the
             quantile (p95 needs 59, p99 299) decide nothing.
    Source:  raw samples of Prometheus' classic histograms, at the true times of the scrapes; the ledger.
    """

    word: ClassVar[str] = "metric_latency_truth"

    hidden_ms: Milliseconds = Field(
        default=50.0, alias="hidden", ge=0, description="most time outside of the timer, as a p99"
    )
    quantile: Ratio = Field(
        default=0.95, gt=0, lt=1, description="the quantile that must not lie beyond the last bucket"
    )

    @field_validator("metric")
    @classmethod
    def _base(cls, name: str) -> str:
        return name.removesuffix("_bucket")

    def undecidable(self, reach: Reach) -> str:
        needed = needed_for_percentile(self.quantile)
        if not self.request and reach.arrivals < needed:
            return f"{100 * self.quantile:g}% needs {needed} requests, and about {reach.arrivals:.0f} are sent in the window"
        return ""

    def selectors(self) -> tuple[str, ...]:
        return (self.selector(suffix="_bucket"),)

    def check(self, evidence: Evidence) -> Finding:
        told = self.told(evidence)
        if isinstance(told, Finding):
            return told
        rises = told.counters.rises(self.selectors()[0])
        if any(rise.value is None for rise in rises):
            return no_number(told)
        groups = self.groups(evidence, [rise.labels for rise in rises])
        found = []
        for name, endpoints in groups.endpoints.items():
            mine = [rises[i] for i, its in groups.series.items() if its == name]
            found.append(Buckets(name, endpoints, self._summed(mine), *told.census.took_us(endpoints)))
        details = told.details(*((one.name, self._shown(one)) for one in found if one.most), others=groups.others)
        gone = min((rise.gone_s for rise in rises if rise.gone_s is not None), default=None)
        counted = self._counted(told, found, gone, details)
        return counted or self._bounds(told, found, details) or self._quantile(told, found, details)

    def _counted(self, told: Told, found: list[Buckets], gone_s: float | None, details: Details) -> Finding | None:
        """All buckets together count every request: without it no bucket tells anything."""
        worst = max(found, key=lambda one: max(len(one.sure) - one.count, one.count - one.most))
        short = len(worst.sure) > worst.count
        if short or worst.count > worst.most:
            examples = told.examples(worst.endpoints)
            gone = f"; its series were no longer exposed from {gone_s:.1f} s on" if gone_s is not None and short else ""
            return failed(
                f"{self.metric} of {worst.name} {told.where} timed {worst.count:g} requests; the load had "
                f"{len(worst.sure)} to {worst.most}{gone}",
                reason="overcount" if not short else "undercount" if gone_s is None else "vanished",
                measure=Measure(worst.count, worst.count, "requests"),
                cites=told.cites(*examples),
                census=True,
                details=(*details, told.ids(examples)),
            )
        sure, most = sum(len(one.sure) for one in found), sum(one.most for one in found)
        if sure == 0 or is_wide(sure, most):
            return too_wide(told, self.metric, sure, most)
        return None

    def _bounds(self, told: Told, found: list[Buckets], details: Details) -> Finding | None:
        """Each finite bucket between its bounds."""
        hidden_us = round(self.hidden_ms * 1000)
        broken = [
            (max(one.least_at(le_s) - rose, rose - one.most_at(le_s, hidden_us)) / max(1, one.most), one, le_s, rose)
            for one in found
            for le_s, rose in one.rose
            if not one.least_at(le_s) <= rose <= one.most_at(le_s, hidden_us)
        ]
        if not broken:
            return None
        _, one, le_s, rose = max(broken, key=lambda found_: (found_[0], -found_[2]))
        fewer = rose < one.least_at(le_s)
        if fewer:
            known = f"{one.least_at(le_s)} or more were answered within {le_s:g} s: the service's times are longer than its users'"
        else:
            within = int(np.searchsorted(one.can, _us(le_s) + hidden_us, side="right"))
            known = (
                f"{within} at most were answered within {le_s + self.hidden_ms / 1000:g} s ({self.hidden_ms:g} ms more): "
                "time passes that its timer does not see"
            )
        examples = told.slow_examples(one.endpoints, _us(le_s) + (0 if fewer else hidden_us), over=not fewer)
        return failed(
            f"{self.metric} of {one.name} {told.where} says that {rose:g} of {one.count:g} took at most {le_s:g} s; {known}",
            reason="exaggerates" if fewer else "hides_latency",
            measure=Measure(rose, rose, "requests"),
            cites=told.cites(*examples),
            census=fewer,  # a starved load measures too long, and never too short
            details=(*details, told.ids(examples)),
        )

    def _quantile(self, told: Told, found: list[Buckets], details: Details) -> Finding:
        """Whether the quantile can be read from the buckets at all."""
        needed, spelt = needed_for_percentile(self.quantile), f"p{100 * self.quantile:g}"
        enough = [one for one in found if len(one.sure) >= needed]
        for one in enough:
            low_s, high_s = one.at(self.quantile)
            if math.isinf(high_s):
                waited = one.waited_ms(self.quantile)[0]
                examples = told.slow_examples(one.endpoints, _us(low_s), over=True)
                return failed(
                    f"{self.metric} of {one.name}: {spelt} lies beyond the last bucket, {low_s:g} s, and that is what is shown; "
                    f"users waited {waited:.4g} ms",
                    reason="buckets_too_low",
                    measure=Measure(low_s * 1000, math.inf, "ms"),
                    cites=told.cites(*examples),
                    census=True,
                    details=(*details, told.ids(examples)),
                )
        if not enough:
            return inconclusive(
                f"{spelt} needs {needed} requests, and at most {max((len(one.sure) for one in found), default=0)} were surely timed",
                reason="too_few",
                decide=f"{needed} requests in the window",
                cites=told.cites(),
                details=details,
            )
        count = sum(one.count for one in found)
        return passed(
            f"{self.metric} timed {count:g} requests {told.where}, each bucket as the load's own times have it",
            measure=Measure(count, count, "requests"),
            cites=told.cites(),
            details=details,
        )

    def _summed(self, rises: Sequence[Rise]) -> tuple[tuple[float, float], ...]:
        """By bound, over all series that have it; a bound that not every series has tells of some alone, and is left out."""
        unit = 1e-3 if self.metric.endswith(("_milliseconds", "_ms")) else 1.0
        by_rest: dict[tuple[tuple[str, str], ...], dict[float, float]] = {}
        for rise in rises:
            rest = tuple(sorted((name, value) for name, value in rise.labels.items() if name != "le"))
            by_rest.setdefault(rest, {})[float(rise.labels.get("le", "inf")) * unit] = rise.value or 0.0
        shared = set.intersection(*map(set, by_rest.values())) if by_rest else set()
        return tuple((le_s, sum(one[le_s] for one in by_rest.values())) for le_s in sorted(shared))

    def _shown(self, one: Buckets) -> str:
        low_s, high_s = one.at(self.quantile)
        shown_ms = 1000 * shown_quantile(one.rose, self.quantile)
        waited = "–".join(f"{ms:.4g}" for ms in one.waited_ms(self.quantile))
        says = f"over {low_s * 1000:g} ms" if math.isinf(high_s) else f"{low_s * 1000:g}–{high_s * 1000:g} ms"
        return (
            f"{one.count:g} timed, the load had {len(one.sure)} to {one.most}; "
            f"p{100 * self.quantile:g}: the service says {says}, histogram_quantile shows {shown_ms:.4g} ms, "
            f"the load had {waited} ms"
        )


def _us(at_s: float) -> int:
    return round(at_s * 1e6) if math.isfinite(at_s) else np.iinfo(np.int64).max // 2
