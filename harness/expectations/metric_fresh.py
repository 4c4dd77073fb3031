"""The service's metric is there, is told from zero on, and is never old: what is not scraped is known by nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field, field_validator

from harness.expectations.base import Evidence
from harness.expectations.census import Edges, census, placed
from harness.expectations.counters import Unclear, counters
from harness.expectations.metric_doubts import unknown_errors
from harness.expectations.metric_frozen import Still, frozen, perhaps, pulse, stills
from harness.expectations.metric_in_front import TO_STATE, from_front, goes_through
from harness.expectations.metric_late import Late, lagging, of_run
from harness.expectations.metric_names import OURS, error_statuses, matchers, parsed, routed
from harness.expectations.metric_odd import several
from harness.expectations.metric_scraped import Scraped, labels
from harness.expectations.metric_sides import Told
from harness.expectations.metric_unscraped import failing, no_series, told
from harness.expectations.requests import cites, known_until_s, still_open
from harness.expectations.service_metric import ServiceMetric
from harness.facts import LoadEnded
from harness.journal import Window
from harness.quantities import Seconds
from harness.series import RawSeries, scrapes_of
from harness.verdict import Details, Finding, Measure, Outcome, failed, inconclusive, passed

if TYPE_CHECKING:
    from harness.ledger import Rows

_NOT_SAID = "nothing tells which of the load's requests `only` leaves"
_UNTRIED = "; no error was answered that a next scrape had to show, so that error_late was not tried"


class MetricFresh(ServiceMetric):
    """Every series of the service's metric is there from the start, at every scrape, and never old.

        expect:
          - metric_fresh: {metric: http_requests_total, only: 'job="api"', max_age: 30s}
          - metric_fresh: {metric: http_requests_total, only: 'job="api"', errors: 'code=~"5.."', preregistered: false}

    Units:   max_age: the most that the newest sample may be old (when left out, two and a half scrape intervals: one may be
             missed). `errors`: label matchers of the series that count errors; the first error must show at the next scrape. Which of the
             load's requests the series speak of is told by `request`, or by a label that holds their paths. in_front,
             request, linger and skew as for metric_count_truth.
    Counts:  every scrape of the targets that give the metric. A process that ended ends its series; while it is gone, samples
             grow old all the same.
    Decides: failed: scrape_gap (older than max_age; what the scrape was answered is told, and not by whom), frozen (scraped, but nothing
             on the target's page changed for longer than max_age, not even what each scrape moves, such as
             promhttp_metric_handler_requests_total: the page was a copy; a target without such a counter passes, and it is told), vanished (a good scrape lacks a series that was there before),
             not_preregistered (a series was born with a value other than 0: its first increase is seen by nobody; unless
             `preregistered: false`; or no series matches `errors`), error_late (an error was answered, and the next scrape does
             not show it; where requests answered well come as late, the counter is pushed, or kept, and nothing is decided:
             counted_late). A metric that never was there is inconclusive (no_series), and so is a window with fewer than two
             scrapes (few_scrapes).
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

    def series(self) -> tuple[str, ...]:
        return (*super().series(), pulse(self.only))

    def check(self, evidence: Evidence) -> Finding:
        known = self.known(evidence)
        if isinstance(known, Finding):
            return known
        window, found = known
        series = [one for one in evidence.series[self.selector()] if one.target in {t.name for t in found.targets}]
        if not series:
            return no_series(self, evidence, window)
        by_target = {t.name: scrapes for t in found.targets if (scrapes := scrapes_of(evidence.series, t.name))}
        details: Details = (("query", " and ".join(self.selectors())), ("series", str(len(series))))
        scraped = Scraped(evidence, window, found, series, by_target, details)
        if (old := self._old(scraped)) is not None:
            return old
        still = next(iter(stills(scraped, pulse(self.only), self._limit_s(scraped))), None)
        if still is not None and still.sure:
            return several(evidence, found) or frozen(scraped, still, self.metric, self._limit_s(scraped))
        wrong = self._gone(scraped) or self._unborn(scraped) or self._few(scraped) or self._no_errors(scraped)
        late, tried = self._error_late(scraped) if wrong is None else (None, False)
        if (wrong := wrong or late) is not None:
            return (several(evidence, found) if wrong.outcome is Outcome.FAILED else None) or wrong
        return self._fresh(scraped, tried, still)

    def _few(self, scraped: Scraped) -> Finding | None:
        """A target that lived through the window has to be scraped twice in it: one scrape or none tells no age."""
        window, targets = scraped.window, scraped.counters.targets
        for target in targets:
            stayed = target.begin is not None and target.end is not None and len(target.segments) == 1
            seen = scraped.inside(scraped.good(target.name))
            if len(seen) < 2 and (stayed or len(targets) == 1):
                fell = "only 1 good scrape" if len(seen) == 1 else "no good scrape"
                return inconclusive(
                    f"{fell} of {target.name[1]} fell between {window.start_s:.1f} s and {window.end_s:.1f} s: nothing tells how old "
                    f"{self.metric} was",
                    reason="few_scrapes",
                    decide="a window of several scrape intervals, or a shorter interval",
                    cites=cites(scraped.evidence),
                    details=scraped.details,
                )
        return None

    def _no_errors(self, scraped: Scraped) -> Finding | None:
        """No series counts errors: they are spelt otherwise, or not there before the first."""
        if not self.errors:
            return None
        evidence, window, known = scraped.evidence, scraped.window, scraped.labels
        matching = labels(evidence.series[self.selectors()[1]], window)
        classes = {status // 100 for status in error_statuses(self.errors, known)} or {5}
        why = unknown_errors(self.metric, self.errors, known, matching, classes=classes)
        if why:
            return inconclusive(
                why,
                reason="unknown_status",
                decide="`errors` matching the series that count errors, by labels and values as the service exposes them",
                cites=cites(evidence),
                details=scraped.details,
            )
        if matching or not self.preregistered:
            return None
        return failed(
            f"no series of {self.metric} that matches {self.errors} was there by {window.end_s:.1f} s: the first error will begin one, "
            "nobody will see that increase, and an alert on it starts late",
            reason="not_preregistered",
            cites=cites(evidence),
            census=True,
            details=scraped.details,
        )

    def _old(self, scraped: Scraped) -> Finding | None:
        """No target was scraped for too long, or one that lived on was not."""
        limit_s = self._limit_s(scraped)
        gaps = scraped.gaps(limit_s)
        if not gaps:
            return None
        low_s, high_s = max(gaps, key=lambda gap: gap[1] - gap[0])
        lost = failing(scraped.evidence.journal, high_s)
        seen = [lost[name] for name in scraped.by_target if name in lost]
        return failed(
            f"no good scrape between {low_s:.1f} s and {high_s:.1f} s: {self.metric} was {high_s - low_s:.1f} s old "
            f"(limit {limit_s:g} s){told(seen)}",
            reason="scrape_gap",
            measure=Measure(high_s - low_s, high_s - low_s, "s", "grid"),
            cites=cites(scraped.evidence, *seen[:1]),
            details=scraped.details,
        )

    def _gone(self, scraped: Scraped) -> Finding | None:
        """A series that a process gave, and then no more."""
        segments = {target.name: target.segments for target in scraped.counters.targets}
        for one in scraped.series:
            lacking = scraped.by_target[one.target].lacking(one)
            for segment in segments[one.target]:
                first_s = one.first_from(segment.first_s)
                gone = [at_s for at_s in lacking if first_s is not None and first_s < at_s <= segment.last_s]
                if gone and scraped.window.start_s <= gone[0]:
                    return failed(
                        f"{_shown(one)} was there until {one.last_by(gone[0]):.1f} s, and from {gone[0]:.1f} s on "
                        f"{one.target[1]} was scraped without it",
                        reason="vanished",
                        cites=cites(scraped.evidence),
                        census=True,
                        details=scraped.details,
                    )
        return None

    def _unborn(self, scraped: Scraped) -> Finding | None:
        """A series that began with a value: what it rose by before was never an increase to Prometheus."""
        for one in scraped.series if self.preregistered else ():
            first_s, value = float(one.t_s[0]), float(one.value[0])
            absent_before = bool((scraped.good(one.target) < first_s - 1e-3).any())
            if value > 0 and absent_before and first_s <= scraped.window.end_s:
                return failed(
                    f"{_shown(one)} was first seen at {first_s:.1f} s, at {value:g} already: nobody saw that increase, and an "
                    "alert on it starts late",
                    reason="not_preregistered",
                    cites=cites(scraped.evidence),
                    census=True,
                    details=scraped.details,
                )
        return None

    def _error_late(self, scraped: Scraped) -> tuple[Finding | None, bool]:  # noqa: PLR0911 - one reason after another
        """The first error answered in the window shows at the next scrape; and whether there was one to try it by."""
        evidence, window, known = scraped.evidence, scraped.window, scraped.labels
        ended = evidence.journal.last(LoadEnded) is not None
        if not self.errors:
            return None, False
        if not ended and known_until_s(evidence.journal) < window.end_s:
            return still_open(evidence, window), False
        statuses = error_statuses(self.errors, known)
        endpoints, sure = self._endpoints(evidence, known)
        edges, start_s, end_s = self.edges(evidence, scraped.counters), window.start_s, window.end_s
        inside = replace(edges, begin=(start_s, start_s), end=(end_s, end_s))
        first = _first_error(evidence.rows, inside, endpoints, statuses)
        if first is None:
            return None, False
        place, sent_s, done_s = first
        try:
            around = Window(sent_s - self.skew_s, done_s + 2 * self.skew_s)
            near = counters(self.selectors(), evidence.series, around, evidence.journal, over=evidence.over)
        except Unclear as why:  # the scrape after it may not have been yet
            return (still_open(evidence, window) if why.still_open else None), False
        both = Told(self, evidence, around, near, census(evidence.rows, self.edges(evidence, near)))
        least = both.census.statuses(endpoints, statuses)
        rose = sum(rise.value or 0.0 for rise in near.rises(self.selectors()[1]))
        if rose or not least:
            return None, bool(least)
        said = f"an error was answered at {done_s:.1f} s, and by {near.end[0]:.1f} s, the next scrape, {self.selectors()[1]} had not risen"
        through = goes_through(both, known) or not evidence.against
        of_front = sum(count for status, count in from_front(both, endpoints).items() if status in statuses)
        in_front = self.in_front is None and through and of_front >= least
        if not sure or (in_front and evidence.against):
            return inconclusive(
                f"{said}; {f'{evidence.against}, which the load goes to, may have answered it by itself' if sure else _NOT_SAID}",
                reason="answered_in_front" if sure else "unmatched",
                decide=TO_STATE if sure else '`request`, such as "{method} {route}"',
                cites=(*cites(evidence), evidence.rows.cite(place)),
                details=scraped.details,
            ), True
        if (pushed := self._pushed(evidence, endpoints, statuses)) is not None:
            return inconclusive(
                f"{said}; requests that were answered well came late too: what was missing at {pushed.since_s:.1f} s was there by "
                f"{pushed.until_s:.1f} s. The whole counter is up to {pushed.lag_s:.1f} s behind its service, as one is that is pushed",
                reason="counted_late",
                decide="Prometheus scraping the service itself (not what it pushes to)",
                cites=(*cites(evidence), evidence.rows.cite(place)),
                details=scraped.details,
            ), True
        hint = " (did a proxy in front answer it by itself? name its status in `in_front`)" if in_front else ""
        return failed(
            f"{said}{hint}",
            reason="error_late",
            cites=(*cites(evidence), evidence.rows.cite(place)),
            census=True,
            details=scraped.details,
        ), True

    def _pushed(self, evidence: Evidence, endpoints: frozenset[int], statuses: frozenset[int]) -> Late | None:
        """How far the counter is behind with requests that were no errors. A service that is late with its errors alone is not: it
        is only that which error_late blames."""
        run = of_run(evidence, self.selectors())
        if run is None:
            return None
        every, failing = (evidence.series[selector] for selector in self.selectors())
        of_errors = [one.labels for one in failing]
        array = evidence.rows.array
        rows = evidence.rows.select(
            ~np.isin(array["status"], list(statuses)) & np.isin(array["endpoint"], list(endpoints))
        )
        well = [one for one in every if one.labels not in of_errors]
        return lagging(run, well, rows, self.edges(evidence, run))

    def _endpoints(self, evidence: Evidence, known: list[Mapping[str, str]]) -> tuple[frozenset[int], bool]:
        """The load's requests that the series speak of; and whether that is known, with all of them where it is not."""
        names = evidence.rows.endpoints
        if self.request:
            groups = self.groups(evidence, known)
            return frozenset().union(*(groups.endpoints[name] for name in set(groups.series.values()))), True
        if (by_path := routed(names, known)) is not None:
            return by_path, True
        return frozenset(range(len(names))), all(one.label in OURS for one in parsed(self.only))

    def _fresh(self, scraped: Scraped, tried: bool, still: Still | None) -> Finding:
        inside, series = scraped.inside(scraped.every), scraped.series
        oldest_s = float(np.diff(inside).max())
        were = "1 series of {} was" if len(series) == 1 else f"{len(series)} series of {{}} were"
        untried = "" if tried or not self.errors else _UNTRIED
        return passed(
            f"{were.format(self.metric)} there at each of {len(inside)} scrapes, at most {oldest_s:.1f} s apart "
            f"(limit {self._limit_s(scraped):g} s){untried}{perhaps(still) if still else ''}",
            measure=Measure(oldest_s, oldest_s, "s", "grid"),
            cites=cites(scraped.evidence),
            details=scraped.details,
        )

    def _limit_s(self, scraped: Scraped) -> float:
        return scraped.limit_s if self.max_age_s is None else self.max_age_s


def _first_error(
    rows: Rows, edges: Edges, endpoints: frozenset[int], statuses: frozenset[int]
) -> tuple[int, float, float] | None:
    """Its place, and when it was sent and answered: the first of these that no process took with it."""
    chosen, wanted = sorted(endpoints), sorted(statuses)
    for block in placed(rows, edges):
        mine = np.isin(block.part["endpoint"], chosen) & np.isin(block.part["status"], wanted)
        for index in np.flatnonzero(block.sure & mine)[:1]:
            row = block.part[index]
            sent_us = int(row["intended_us"]) + int(row["sent_us"])
            return block.first + int(index), sent_us / 1e6, (sent_us + int(row["took_us"])) / 1e6
    return None


def _shown(series: RawSeries) -> str:
    labels = ",".join(f'{k}="{v}"' for k, v in sorted(series.labels.items()) if k not in ("__name__", "job"))
    return f"{series.name}{{{labels}}}"
