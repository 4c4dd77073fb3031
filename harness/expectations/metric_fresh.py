"""The service's metric is there, is told from zero on, and is never old: what is not scraped is known by nobody."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from harness.expectations.base import Evidence
from harness.expectations.census import Edges, census, placed
from harness.expectations.counters import Counters, Unclear, counters
from harness.expectations.requests import cites, known_until_s, still_open
from harness.expectations.service_metric import ServiceMetric, matchers
from harness.facts import LoadEnded
from harness.journal import Window
from harness.quantities import Seconds
from harness.series import RawSeries, scrapes_of
from harness.series.raw import Floats, Scrapes
from harness.verdict import Details, Finding, Measure, failed, inconclusive, passed

LIMIT = 2.5  # scrape intervals that a sample may be old: one missed passes whatever the jitter, two never do


class MetricFresh(ServiceMetric):
    """Every series of the service's metric is there from the start, at every scrape, and never old.

        expect:
          - metric_fresh: {metric: http_requests_total, only: 'job="api"', max_age: 30s}
          - metric_fresh: {metric: http_requests_total, only: 'job="api"', errors: 'code=~"5.."', preregistered: false}

    Units:   max_age: the most that the newest sample may be old (when left out, two and a half scrape intervals: one may be
             missed). `errors`: label matchers of the series that count errors; the first error must show at the next scrape.
    Counts:  every scrape of the targets that give the metric. A process that ended ends its series; while it is gone, samples
             grow old all the same.
    Decides: failed: scrape_gap (older than max_age), vanished (a good scrape lacks a series that was there before),
             not_preregistered (a series was born with a value other than 0: its first increase is seen by nobody; unless
             `preregistered: false`), error_late (an error was answered, and the next scrape does not show it). A metric that
             never was there is inconclusive (no_series).
    Source:  raw samples of Prometheus and its own series `up`, at the true times of the scrapes; the ledger.
    """

    word: ClassVar[str] = "metric_fresh"

    max_age_s: Seconds | None = Field(default=None, alias="max_age", description="2.5 scrape intervals when left out")
    preregistered: bool = Field(default=True, description="series are there at 0 before they count")
    errors: str = Field(default="", description='label matchers of the series that count errors: code=~"5.."')

    @field_validator("errors")
    @classmethod
    def _error_matchers(cls, text: str) -> str:
        return matchers(text)

    def selectors(self) -> tuple[str, ...]:
        return (self.selector(), self.selector(self.errors)) if self.errors else (self.selector(),)

    def check(self, evidence: Evidence) -> Finding:
        known = self.known(evidence)
        if isinstance(known, Finding):
            return known
        window, found = known
        series = [one for one in evidence.series[self.selector()] if one.target in {t.name for t in found.targets}]
        if not series:
            return inconclusive(
                f"no series of {self.selector()} in the window",
                reason="no_series",
                decide="a metric of that name, with these labels; `only` and `metric` as the service exposes them",
                cites=cites(evidence),
            )
        by_target = {t.name: scrapes for t in found.targets if (scrapes := scrapes_of(evidence.series, t.name))}
        details: Details = (("query", " and ".join(self.selectors())), ("series", str(len(series))))
        return (
            self._old(evidence, window, by_target, found, details)
            or self._gone(evidence, window, series, by_target, found, details)
            or self._unborn(evidence, window, series, by_target, details)
            or self._error_late(evidence, window, found, details)
            or self._fresh(evidence, window, series, by_target, details)
        )

    def _old(
        self,
        evidence: Evidence,
        window: Window,
        by_target: dict[tuple[str, str], Scrapes],
        found: Counters,
        details: Details,
    ) -> Finding | None:
        """No target was scraped for too long, or one that lived on was not."""
        limit_s = self._limit_s(by_target)
        good = np.unique(np.concatenate([scrapes.began_s[scrapes.good] for scrapes in by_target.values()]))
        gaps = _gaps(good, window.start_s, window.end_s, limit_s)
        for target in found.targets:  # one that went on all the time, and was not seen
            scrapes = by_target[target.name]
            for segment in target.segments:
                low_s, high_s = max(segment.first_s, window.start_s), min(segment.last_s, window.end_s)
                gaps += _gaps(scrapes.began_s[scrapes.good], low_s, high_s, limit_s)
        if not gaps:
            return None
        low_s, high_s = max(gaps, key=lambda gap: gap[1] - gap[0])
        return failed(
            f"no good scrape between {low_s:.1f} s and {high_s:.1f} s: {self.metric} was {high_s - low_s:.1f} s old "
            f"(limit {limit_s:g} s)",
            reason="scrape_gap",
            measure=Measure(high_s - low_s, high_s - low_s, "s", "grid"),
            cites=cites(evidence),
            details=details,
        )

    def _gone(
        self,
        evidence: Evidence,
        window: Window,
        series: list[RawSeries],
        by_target: dict[tuple[str, str], Scrapes],
        found: Counters,
        details: Details,
    ) -> Finding | None:
        """A series that a process gave, and then no more."""
        segments = {target.name: target.segments for target in found.targets}
        for one in series:
            lacking = by_target[one.target].lacking(one)
            for segment in segments[one.target]:
                first_s = one.first_from(segment.first_s)
                gone = [at_s for at_s in lacking if first_s is not None and first_s < at_s <= segment.last_s]
                if gone and window.start_s <= gone[0]:
                    return failed(
                        f"{_shown(one)} was there until {one.last_by(gone[0]):.1f} s, and from {gone[0]:.1f} s on "
                        f"{one.target[1]} was scraped without it",
                        reason="vanished",
                        cites=cites(evidence),
                        census=True,
                        details=details,
                    )
        return None

    def _unborn(
        self,
        evidence: Evidence,
        window: Window,
        series: list[RawSeries],
        by_target: dict[tuple[str, str], Scrapes],
        details: Details,
    ) -> Finding | None:
        """A series that began with a value: what it rose by before was never an increase to Prometheus."""
        for one in series if self.preregistered else ():
            first_s, value = float(one.t_s[0]), float(one.value[0])
            good = by_target[one.target]
            absent_before = bool((good.began_s[good.good] < first_s - 1e-3).any())
            if value > 0 and absent_before and first_s <= window.end_s:
                return failed(
                    f"{_shown(one)} was first seen at {first_s:.1f} s, at {value:g} already: nobody saw that increase, and an "
                    "alert on it starts late",
                    reason="not_preregistered",
                    cites=cites(evidence),
                    census=True,
                    details=details,
                )
        return None

    def _error_late(self, evidence: Evidence, window: Window, found: Counters, details: Details) -> Finding | None:
        """The first error answered in the window shows at the next scrape."""
        ended = evidence.journal.last(LoadEnded) is not None
        if self.errors and not ended and known_until_s(evidence.journal) < window.end_s:
            return still_open(evidence, window)
        first = self._first_error(evidence, window, found) if self.errors else None
        if first is None:
            return None
        place, sent_s, done_s = first
        try:
            around = Window(sent_s - self.skew_s, done_s + 2 * self.skew_s)
            near = counters(self.selectors(), evidence.series, around, evidence.journal, over=evidence.over)
        except Unclear as why:  # the scrape after it may not have been yet
            return still_open(evidence, window) if why.still_open else None
        least = census(evidence.rows, Edges(near.begin, near.end, near.lost, self.skew_s)).least(
            range(len(evidence.rows.endpoints)), (5,)
        )
        rose = sum(rise.value or 0.0 for rise in near.rises(self.selectors()[1]))
        if rose or not least:
            return None
        return failed(
            f"an error was answered at {done_s:.1f} s, and by {near.end[0]:.1f} s, the next scrape, {self.selectors()[1]} had "
            "not risen",
            reason="error_late",
            cites=(*cites(evidence), evidence.rows.cite(place)),
            census=True,
            details=details,
        )

    def _first_error(self, evidence: Evidence, window: Window, found: Counters) -> tuple[int, float, float] | None:
        """Its place, when it was sent and when it was answered: the first 5xx that no process took with it."""
        edges = Edges((window.start_s, window.start_s), (window.end_s, window.end_s), found.lost, self.skew_s)
        for block in placed(evidence.rows, edges):
            for index in np.flatnonzero(block.sure & (block.part["status"] // 100 == 5))[:1]:
                row = block.part[index]
                sent_us = int(row["intended_us"]) + int(row["sent_us"])
                return block.first + int(index), sent_us / 1e6, (sent_us + int(row["took_us"])) / 1e6
        return None

    def _fresh(
        self,
        evidence: Evidence,
        window: Window,
        series: list[RawSeries],
        by_target: dict[tuple[str, str], Scrapes],
        details: Details,
    ) -> Finding:
        good = np.unique(np.concatenate([scrapes.began_s[scrapes.good] for scrapes in by_target.values()]))
        inside = good[(good >= window.start_s) & (good <= window.end_s)]
        oldest_s = float(np.diff(inside).max()) if len(inside) > 1 else 0.0
        return passed(
            f"{len(series)} series of {self.metric} were there at each of {len(inside)} scrapes, at most {oldest_s:.1f} s apart "
            f"(limit {self._limit_s(by_target):g} s)",
            measure=Measure(oldest_s, oldest_s, "s", "grid"),
            cites=cites(evidence),
            details=details,
        )

    def _limit_s(self, by_target: dict[tuple[str, str], Scrapes]) -> float:
        """LIMIT intervals of the slowest target, as its scrapes show them."""
        if self.max_age_s is not None:
            return self.max_age_s
        apart = [float(np.median(np.diff(one.began_s))) for one in by_target.values() if len(one) > 1]
        return round(LIMIT * max(apart, default=15.0), 3)


def _gaps(began_s: Floats, start_s: float, end_s: float, longest_s: float) -> list[tuple[float, float]]:
    """Stretches longer than that without a scrape, from the last before the beginning on."""
    every = RawSeries({}, began_s, began_s)
    before_s = every.last_by(start_s)
    return list(every.gaps(start_s if before_s is None else before_s, end_s, longest_s))


def _shown(series: RawSeries) -> str:
    labels = ",".join(f'{k}="{v}"' for k, v in sorted(series.labels.items()) if k not in ("__name__", "job"))
    return f"{series.name}{{{labels}}}"
