"""The service's latency histogram holds what its users wait: no bucket claims more fast requests than there were."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field, field_validator

from harness.expectations.base import Evidence, Reach
from harness.expectations.counters import Interval, Rise
from harness.expectations.metric_avoided import avoided
from harness.expectations.metric_buckets import BEYOND, Buckets, Unit, disagreement, other_unit, summed, unit_of, us
from harness.expectations.metric_doubts import many, short
from harness.expectations.metric_hidden import (
    BUSY,
    MORE_MS,
    STARVED_MS,
    Hidden,
    Steady,
    busy_share,
    learned,
    starved,
)
from harness.expectations.metric_in_front import counts_for, in_front_hint
from harness.expectations.metric_inner_time import inner_time
from harness.expectations.metric_names import Groups
from harness.expectations.metric_others import others
from harness.expectations.metric_quantile import shown_beside, unlike_buckets, unreadable
from harness.expectations.metric_repeats import repeated
from harness.expectations.metric_sides import Told, is_wide, no_number, too_wide
from harness.expectations.metric_steady import steady_told
from harness.expectations.service_metric import ServiceMetric
from harness.facts import NotInjected
from harness.landings import hurts
from harness.neighbours import TWICE
from harness.quantities import Milliseconds, Ratio, figures
from harness.stats import needed_for_percentile
from harness.surroundings import told as stall_told
from harness.verdict import Details, Finding, Measure, Outcome, failed, inconclusive, passed

HELD_UP = "as much as a machine without processors to spare holds requests up"
"""Told of a failure that a want of processors alone can have brought about: what passed outside of the timer is no more than that."""
TOUCHES = 5
"""As many times its own length of requests a full second holds up at the most: those sent in it, in the looks beside it that it fills
in part, and until what waited in it is worked off."""


class MetricLatencyTruth(ServiceMetric):
    """The service's latency histogram agrees, bucket by bucket, with what the load's requests took.

        expect:
          - metric_latency_truth: {metric: http_request_duration_seconds, only: 'job="api",route!="/healthz"'}
          - metric_latency_truth: {metric: http_request_duration_seconds, only: 'job="api"', request: "{method} {route}",
                                   quantile: 99%, hidden: 20ms}

    Units:   buckets in `unit` (s, ms, us, ns); left out: as the metric's name tells (…_ms, …_millis, …_microseconds), seconds where it
             tells none. hidden: the most that a request may take outside of the service's timer (network, accept queue, waiting
             for a thread), for 99 of 100; left out: learned from the steady state before the first phase, the least that its
             buckets suit and 5 ms more, between 20 and 50 ms (50 ms where it teaches none, or the machine was busy). quantile:
             the one that people look at (95%). The others as for metric_count_truth.
    Counts:  as metric_count_truth does; a request's time runs from its sending to its answer. Requests under way while a fault
             of ours was on between users and service tell nothing of the service's timer (fault_in_front if they are many).
    Decides: what the service took is not more than what its asker waited, so for each bound `le`, requests answered within
             le ≤ bucket ≤ requests answered within le + hidden. Failed: exaggerates (fewer fast ones than there were),
             hides_latency (more: time passes before the timer starts), undercount, overcount, vanished, buckets_too_low (the
             quantile lies beyond the last bound, so that histogram_quantile gives the bound). Too few requests for the
             quantile (p95 needs 59, p99 299) decide nothing, nor do series without a bound in common (unlike_buckets), nor bounds
             that fit the load in another unit only (unknown_unit); and, where `hidden` is left out, time outside of the timer as in the
             steady state already (hidden_before), or up to a second on a machine without processors to spare (machine_busy); also where it
             is stated, up to a second while others than the run took the processors (host_disturbed), of no more requests than
             so short a time can have touched, or for a tenth of the time. Of a service behind the one that the load goes to, time outside of its timer may be the other's, which need not wait either (inner_time).
    Source:  raw samples of Prometheus' classic histograms, at the true times of the scrapes; the ledger.
    """

    word: ClassVar[str] = "metric_latency_truth"

    hidden_ms: Milliseconds | None = Field(
        default=None,
        alias="hidden",
        description="most time outside of the timer, as a p99; left out: learned in the steady state, 20ms to 50ms",
    )
    unit: Unit | None = Field(
        default=None, description="the buckets' unit; left out: as the metric's name tells, or seconds"
    )
    quantile: Ratio = Field(
        default=0.95, gt=0, lt=1, description="the quantile that must not lie beyond the last bucket"
    )

    @field_validator("metric")
    @classmethod
    def _base(cls, name: str) -> str:
        return name.removesuffix("_bucket")

    def by_time(self, finding: Finding) -> bool:
        return any(name == HELD_UP for name, _ in finding.details)

    def tolerates(self, finding: Finding) -> float:
        """A few full seconds explain no more than they can have touched."""
        held_up = next(float(said.partition("%")[0]) / 100 for name, said in finding.details if name == HELD_UP)
        return max(BEYOND, held_up / TOUCHES / TWICE)

    def doubtful(self, reach: Reach) -> str:
        if self.hidden_ms is not None:
            return ""
        return (
            f"without `hidden`, on a machine whose processes wait for a processor {BUSY:.0%} of the time or more, up to a second that its "
            "timer does not see decides nothing (machine_busy); state the most that is usual here, such as hidden: 250ms"
        )

    def undecidable(self, reach: Reach) -> str:
        needed = needed_for_percentile(self.quantile)
        if not self.request and reach.arrivals < needed:
            return f"{100 * self.quantile:g}% needs {needed} requests, and about {reach.arrivals:.0f} are sent in the window"
        return ""

    def selectors(self) -> tuple[str, ...]:
        return (self.selector(suffix="_bucket"),)

    def check(self, evidence: Evidence) -> Finding:
        return self.held(evidence, self._judged)

    def _judged(self, told: Told) -> Finding:
        rises = told.counters.rises(self.selectors()[0])
        if any(rise.value is None for rise in rises):
            return no_number(told)
        found, groups = self._found(told, rises)
        details = told.details(
            *((one.name, shown_beside(one, self.quantile)) for one in found if one.most), others=groups.others
        )
        if (unlike := self._apart(told, found, details)) is not None:
            return unlike
        gone = min((rise.gone_s for rise in rises if rise.gone_s is not None), default=None)
        if (miscounted := self._counted(told, found, rises, groups, gone, details)) is not None:
            return miscounted
        steady = self._steady(told) if self.hidden_ms is None else None
        if isinstance(steady, Finding):
            return steady
        if self.hidden_ms is None:
            hidden = learned(steady, busy_share(told.evidence, told.window))
        else:
            hidden = Hidden(self.hidden_ms, "the claim's own")
        bounds = self._bounds(told, found, hidden, steady, details)
        if bounds is not None and bounds.outcome is Outcome.FAILED:
            return bounds
        # a bucket that is missing is so on a busy machine as well
        shown = unreadable(told, self.metric, found, self.quantile, details) or self._agrees(
            told, found, hidden, details
        )
        return shown if bounds is None or shown.outcome is Outcome.FAILED else bounds

    def _found(self, told: Told, rises: Sequence[Rise]) -> tuple[list[Buckets], Groups]:
        labels = [rise.labels for rise in rises]
        groups, apart = self.groups(told.evidence, labels), _held_up(told, labels)
        found = []
        for name, endpoints in groups.endpoints.items():
            mine = [rises[i] for i, its in groups.series.items() if its == name]
            rose, last_s = summed(mine, self.unit or unit_of(self.metric) or "s")
            found.append(Buckets(name, endpoints, rose, *told.census.took_us(endpoints, apart), last_s))
        return found, groups

    def _apart(self, told: Told, found: list[Buckets], details: Details) -> Finding | None:
        """Series that have no finite bound in common cannot be put together."""
        for one in found:
            if one.last_s and not one.finite:
                said = f"the series of {one.name} of {self.metric} have no bucket in common but +Inf, and so tell nothing together"
                return unlike_buckets(told, said, details)
        return None

    def _counted(
        self,
        told: Told,
        found: list[Buckets],
        rises: Sequence[Rise],
        groups: Groups,
        gone_s: float | None,
        details: Details,
    ) -> Finding | None:
        """All buckets together count every request: without it no bucket tells anything."""
        labels = [rise.labels for rise in rises]
        rose = [(rise.value or 0.0) * math.isinf(float(rise.labels.get("le", "inf"))) for rise in rises]
        doubts = []
        for worst in sorted(found, key=lambda one: max(len(one.sure) - one.count, one.count - one.most), reverse=True):
            missing, excess = len(worst.sure) - worst.count, worst.count - worst.most
            if max(missing, excess) <= 0:
                continue
            doubt = (
                short(told, groups, labels, rose, worst.request, missing)
                or avoided(told, worst.endpoints, None, missing)
                if missing > 0
                else many(told, labels, rose, excess)
                or others(told, labels, rose, len(worst.sure), worst.most)
                or repeated(told, worst.endpoints, worst.count, worst.most)
            )
            if doubt is not None:
                doubts.append(doubt)
                continue
            examples = told.examples(worst.endpoints)
            gone = (
                f"; its series were no longer exposed from {gone_s:.1f} s on"
                if gone_s is not None and missing > 0
                else ""
            )
            hint = in_front_hint(told, worst.endpoints, missing)
            return failed(
                f"{self.metric} of {worst.name} {told.where} timed {worst.count:g} requests; the load had "
                f"{len(worst.sure)} to {worst.most}{gone}{hint}",
                reason="overcount" if missing <= 0 else "undercount" if gone_s is None else "vanished",
                measure=Measure(worst.count, worst.count, "requests"),
                cites=told.cites(*examples),
                census=True,
                details=(*details, told.ids(examples)),
            )
        if doubts:
            return doubts[0]
        compared = [one for one in found if not told.beside(one.endpoints, one.count)]
        sure, most = sum(len(one.sure) for one in compared), sum(one.most for one in compared)
        if sure == 0 or is_wide(sure, most):
            return too_wide(told, self.metric, sure, most)
        return None

    def _bounds(
        self, told: Told, found: list[Buckets], hidden: Hidden, steady: Steady | None, details: Details
    ) -> Finding | None:
        """Each finite bucket between its bounds."""
        broken = [
            (out, one, le_s, rose)
            for one in found
            for le_s, rose in one.rose
            if (out := one.broken(le_s, rose, hidden.us))
        ]
        if not broken:
            return None
        if (unit := self._unit_unknown(told, found, hidden, details)) is not None:
            return unit
        if (usual := self._not_the_timer(told, found, hidden, steady, details)) is not None:
            return usual
        doubts = []
        for out, one, le_s, rose in sorted(broken, key=lambda found_: (-found_[0], found_[2])):
            doubt = inner_time(told, one, le_s, rose, hidden, details, stated=self.hidden_ms is not None)
            if doubt is None:
                return self._broken(told, one, le_s, rose, hidden, (*details, *_perhaps_starved(found, out + BEYOND)))
            doubts.append(doubt)
        return doubts[0]

    def _broken(self, told: Told, one: Buckets, le_s: float, rose: float, hidden: Hidden, details: Details) -> Finding:
        fewer = rose < one.least_at(le_s)
        if fewer:
            known = f"{one.least_at(le_s)} or more were answered within {le_s:g} s: the service's times are longer than its users'"
        else:
            known = (
                f"{one.within(le_s, hidden.us) + one.held} at most were answered within {le_s + hidden.ms / 1000:g} s (up to {hidden}): "
                "time passes that its timer does not see"
            )
        examples = told.slow_examples(one.endpoints, us(le_s) + (0 if fewer else hidden.us), over=not fewer)
        return failed(
            f"{self.metric} of {one.name} {told.where} says that {rose:g} of {one.count:g} took at most {le_s:g} s; {known}",
            reason="exaggerates" if fewer else "hides_latency",
            measure=Measure(rose, rose, "requests"),
            cites=told.cites(*examples),
            census=fewer,  # a starved load measures too long, and never too short
            details=(*details, told.ids(examples)),
        )

    def _unit_unknown(self, told: Told, found: list[Buckets], hidden: Hidden, details: Details) -> Finding | None:
        """The buckets are not as the load has them, and in another unit they are."""
        if self.unit is not None:
            return None
        by_name = unit_of(self.metric)
        unit = other_unit(found, by_name or "s", hidden.us, sure=by_name is not None)
        if unit is None:
            return None
        as_ = f"the name of {self.metric} says {by_name}" if by_name else f"the name of {self.metric} tells no unit"
        return inconclusive(
            f"{as_}, and its buckets suit what the load's requests took {told.where} only in {unit}",
            reason="unknown_unit",
            decide=f"`unit: {unit}`, if that is what the service means; a metric in seconds that ends in _seconds",
            cites=told.cites(),
            details=details,
        )

    def _not_the_timer(
        self, told: Told, found: list[Buckets], hidden: Hidden, steady: Steady | None, details: Details
    ) -> Finding | None:
        """Why the machine may have held requests up, and not the service: no more than before the first phase, or it was busy."""
        if self.hidden_ms is not None:
            return None
        some = f"{self.metric} {told.where}: some requests took longer than its timer saw, by more than {figures(hidden.ms, 4)} ms"
        busy = busy_share(told.evidence, told.window)
        suits_ms = math.ceil(max(one.hidden_us() for one in found) / 1000)
        to_decide = (
            f"`hidden: {suits_ms}ms`, if so much outside of the timer is usual here; a machine with processors to spare"
        )
        before_ms = steady.all_ms if steady is not None else None
        if before_ms is not None and not disagreement(found, round((before_ms + MORE_MS) * 1000)):
            return inconclusive(
                f"{some}, and by no more than {figures(before_ms, 4)} ms, as in the steady state before the first phase: a busy machine, "
                "perhaps, or its timer",
                reason="hidden_before",
                decide=to_decide,
                cites=told.cites(),
                details=details,
            )
        if starved(found, busy):
            return inconclusive(
                f"{some}: {suits_ms} ms suit its buckets for 99 of 100; {stall_told(busy)}, which holds requests up before a timer sees them",
                reason="machine_busy",
                decide=to_decide,
                cites=told.cites(),
                details=details,
            )
        return None

    def _steady(self, told_: Told) -> Steady | Finding | None:
        """The steady state's buckets; None where they are not known, a finding where they may be yet."""
        both = steady_told(self, told_)
        if both is None or isinstance(both, Finding):
            return both
        return Steady(both.window, self._found(both, both.counters.rises(self.selectors()[0]))[0])

    def _agrees(self, told: Told, found: list[Buckets], hidden: Hidden, details: Details) -> Finding:
        """What is left where no bucket contradicts the load's times."""
        count, held, most = (
            sum(values) for values in zip(*((one.count, one.held, one.most) for one in found), strict=True)
        )
        if is_wide(most - held, most):
            return inconclusive(
                f"{held} of {most} requests were under way {told.where} while a fault was on between users and service: what passes "
                "outside of the service's timer was not tried",
                reason="fault_in_front",
                decide="the claim in a phase without a fault between users and service",
                cites=told.cites(),
                details=details,
            )
        return passed(
            f"{self.metric} timed {count:g} requests {told.where}, each bucket as the load's own times have it (up to {hidden})",
            measure=Measure(count, count, "requests"),
            cites=told.cites(),
            details=details,
        )


def _perhaps_starved(found: Sequence[Buckets], share: float) -> Details:
    """`share`: of the requests, those that were away from their timer for longer at the least."""
    if disagreement(found, round(STARVED_MS * 1000)):
        return ()
    suits_ms = math.ceil(max(one.hidden_us() for one in found) / 1000)
    return (
        (HELD_UP, f"{100 * share:.1f}% of the requests at the least; {suits_ms} ms suit its buckets for 99 of 100"),
    )


def _held_up(told: Told, labels: Sequence[Mapping[str, str]]) -> list[Interval]:
    """When faults of ours were on between users and the service: on the users' edge, or on one that leads to the service."""
    journal, against = told.evidence.journal, told.evidence.against
    found = []
    for hurt in hurts(journal):
        caller, arrow, to = hurt.target.partition("->")
        ahead = caller == "client" or to == against or counts_for(told.counters, labels, to)
        if arrow and ahead and journal.first(NotInjected, fault=hurt.fault) is None:
            found.append((hurt.on_s, hurt.off_s))
    return found
