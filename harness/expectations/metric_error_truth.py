"""The service's error counter counts the errors that its users saw: it does not lie, and it is not blind."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from harness.expectations import alerts
from harness.expectations.base import Evidence
from harness.expectations.black_box import sight
from harness.expectations.census import placed
from harness.expectations.counters import Rise
from harness.expectations.gave_up import GaveUp, gave_up
from harness.expectations.metric_avoided import avoided
from harness.expectations.metric_doubts import many, short, unknown_errors
from harness.expectations.metric_failures import Failures, Missed, left_out, span
from harness.expectations.metric_in_front import FRONT, either, in_front_hint
from harness.expectations.metric_names import Groups, matchers
from harness.expectations.metric_others import others
from harness.expectations.metric_repeats import STATED, made_good, may_hold_twice
from harness.expectations.metric_sides import Told, counted_late, no_number, only_told, retried
from harness.expectations.metric_sides import told as both_sides
from harness.expectations.metric_steady import nobody_else
from harness.expectations.requests import still_open
from harness.expectations.service_metric import ServiceMetric
from harness.facts import Injecting
from harness.ledger import OUTCOMES
from harness.quantities import Ratio
from harness.verdict import Details, Finding, Measure, failed, inconclusive, passed

ENOUGH = 20  # failures from which a share of them means something
LOST = ("timeout", "conn", "wrong")  # what a user saw fail, and no status tells


class MetricErrorTruth(ServiceMetric):
    """The service's error counter counts every error that it answered, and sees most of what its users see fail.

        expect:
          - metric_error_truth: {metric: http_requests_total, only: 'job="api",route!="/healthz"', errors: 'code=~"5.."'}
          - metric_error_truth: {metric: http_requests_total, only: 'job="api"', request: "{method} {route}",
                                 errors: 'code=~"[45].."', answers: [4xx, 5xx], blind: 50%, seen_by: ShoppersWait}

    Units:   requests; `errors` are the label matchers of the series that count errors, as the service's own objective has
             them, and `answers` the answers that these should count (5xx when left out). blind: the share of failed
             requests that the error counter may miss (20%). seen_by: alerts of the users' side, by name or pattern, beside those that
             are known by what they stand on (probe_success, a proxy's or load balancer's metrics, series of what the load goes to, `up`
             of the service). The others as for metric_count_truth.
    Counts:  as metric_count_truth does. A request failed for its user when it was answered with such an error, or not at all
             (time-out, broken connection), or wrongly.
    Decides: failed: lying (error answers counted as if they were well), undercount, vanished (not counted at all), overcount
             (errors that nobody was answered), optimistic (what users gave up on answered well, as the service's log says by
             their ids, or counted as well; also what a proxy may have answered by itself), blind (more failures than `blind`
             were not counted: the counter stands where it cannot see them, and no alert of the users' side fired meanwhile). It
             passes only on at least 20 failures: where nothing failed, nothing was tried. Errors of a service behind another that its
             caller made good (made_good), and those of its caller's own while the way was hurt (answered_in_front), decide nothing.
    Source:  raw samples of Prometheus, at the true times of the scrapes; its rules and alerts; the ledger; the service's log.
    """

    word: ClassVar[str] = "metric_error_truth"

    errors: str = Field(min_length=1, description='label matchers of the series that count errors: code=~"5.."')
    answers: tuple[Literal["4xx", "5xx"], ...] = Field(
        default=("5xx",), min_length=1, description="answers that are errors"
    )
    blind: Ratio = Field(default=0.2, description="the share of failed requests that the error counter may miss")
    seen_by: str = Field(
        default="", description="alerts that stand on the users' side, by name or pattern: ShoppersWait"
    )

    @field_validator("errors")
    @classmethod
    def _error_matchers(cls, text: str) -> str:
        return matchers(text)

    def selectors(self) -> tuple[str, ...]:
        return (self.selector(), self.selector(self.errors))

    def check(self, evidence: Evidence) -> Finding:
        return self.held(evidence, self._judged)

    def _judged(self, told: Told) -> Finding:
        rises, errors = (told.counters.rises(selector) for selector in self.selectors())
        if any(rise.value is None for rise in (*rises, *errors)):
            return no_number(told)
        labels, rose = [rise.labels for rise in rises], [rise.value or 0.0 for rise in rises]
        groups = self.groups(told.evidence, labels)
        if (unknown := self._unknown(told, rises, errors, groups)) is not None:
            return unknown
        of_error = self.groups(told.evidence, [rise.labels for rise in errors]).series
        found = [
            self._failures(
                told,
                name,
                endpoints,
                [rises[i] for i, its in groups.series.items() if its == name],
                [errors[i] for i, its in of_error.items() if its == name],
            )
            for name, endpoints in groups.endpoints.items()
        ]
        found = [one for one in found if not told.beside(one.endpoints, one.rose)]
        gone = [rise.gone_s for rise in errors if rise.gone_s is not None]
        details = told.details(*((one.name, str(one)) for one in found if one.failed[1]), others=groups.others)
        doubts = []
        for one in sorted(found, key=lambda one: max(one.uncounted, one.errors - one.answered[1]), reverse=True):
            wrong = self._false(told, one, min(gone, default=None), details)
            if wrong is None:
                continue
            doubt = (
                short(told, groups, labels, rose, one.request, one.uncounted, mislaid=one.all_counted)
                or avoided(told, one.endpoints, self._classes, one.uncounted)
                if one.uncounted
                else many(told, labels, rose, one.errors - one.answered[1])
                or others(told, [rise.labels for rise in errors], [rise.value or 0.0 for rise in errors], *one.answered)
                or self._made_good(told, one)
            )
            if doubt is None:
                return wrong
            doubts.append(doubt)
        if not doubts:
            return self._sight(told, found, details)
        wrong_anyway = self._whoever(told) if all(one.all_counted for one in found) else None
        return wrong_anyway or doubts[0]

    def _made_good(self, told: Told, one: Failures) -> Finding | None:
        """Where each request was counted once, nobody asked again: what a copy answered well in its place is left, as `in_front` denies."""
        if one.all_counted and self.in_front is not None:
            return None
        return made_good(told, one.endpoints, one.errors, one.answered[1], STATED if one.all_counted else "")

    def _whoever(self, told: Told) -> Finding | None:
        """Why the counter is wrong even if all that a proxy may have answered was its own: it has too many of these as well."""
        if self.in_front is not None or not nobody_else(self, told):
            return None
        excusing = self.model_copy(update={"in_front": FRONT})
        excused = both_sides(excusing, told.evidence, told.window, told.counters, told.late)
        finding = excused if isinstance(excused, Finding) else excusing._judged(excused)
        return finding if finding.reason == "optimistic" else None

    def _unknown(self, told: Told, rises: list[Rise], errors: list[Rise], groups: Groups) -> Finding | None:
        """Matchers that may not be how this service spells its errors."""
        everyone, classes = frozenset().union(*groups.endpoints.values()), self._classes
        why = unknown_errors(
            self.metric,
            self.errors,
            [rise.labels for rise in rises],
            [rise.labels for rise in errors],
            classes=classes,
            rose=[rise.value or 0.0 for rise in rises],
            answered=(told.census.least(everyone, classes), told.census.most(everyone, classes)),
        )
        if not why:
            return None
        return inconclusive(
            why,
            reason="unknown_status",
            decide="`errors` matching the series that count errors, by labels and values as the service exposes them",
            cites=told.cites(),
            details=told.details(),
        )

    def _false(
        self, told: Told, worst: Failures, gone_s: float | None, details: tuple[tuple[str, str], ...]
    ) -> Finding | None:
        """The counter against answers that told their status: exact."""
        examples = told.examples(worst.endpoints, self._classes)
        proof = (*details, told.ids(examples)) if examples else details
        measure = Measure(worst.errors, worst.errors, "requests")
        if worst.uncounted:
            lied = worst.praised > 0
            how = f", {worst.praised:g} or more of them as if they were well" if lied else ""
            how += f"; the series was no longer exposed from {gone_s:.1f} s on" if gone_s is not None else ""
            how += in_front_hint(told, worst.endpoints, worst.uncounted)
            return failed(
                f"{worst.name} {told.where}: {worst.answered[0]} or more were answered {' or '.join(self.answers)}, and "
                f"{worst.errors:g} counted: {worst.uncounted:g} or more were not counted as errors{how}",
                reason="lying" if lied else "undercount" if gone_s is None else "vanished",
                measure=measure,
                cites=told.cites(*examples),
                census=True,
                details=proof,
            )
        if worst.errors > worst.answered[1]:
            return failed(
                f"{worst.name} {told.where}: {worst.errors:g} errors were counted, and at most {worst.answered[1]} requests of "
                f"the load can have been answered {' or '.join(self.answers)}",
                reason="overcount",
                measure=measure,
                cites=told.cites(*examples),
                census=True,
                details=proof,
            )
        return None

    def _sight(self, told: Told, found: list[Failures], details: tuple[tuple[str, str], ...]) -> Finding:
        """What of all that failed the counter saw."""
        least, most = (sum(one.failed[i] for one in found) for i in (0, 1))
        errors, praised = sum(one.errors for one in found), sum(one.praised for one in found)
        beside, cure = left_out(told.census, frozenset().union(*(one.endpoints for one in found)), self.answers)
        if most == 0:
            return inconclusive(
                f"no request was answered {' or '.join(self.answers)}, wrongly or not at all {told.where}, so that the error "
                f"counter was not tried{beside}",
                reason="no_failures",
                decide=f"{ENOUGH} requests that fail in the window: a fault that users feel{cure}",
                cites=told.cites(),
                details=details,
            )
        unheard = int(told.census.more.sum())  # of so many errors, at most, no user heard
        low, high = (max(0.0, 1 - max(0.0, n) / max(1, of)) for n, of in ((errors, least), (errors - unheard, most)))
        measure = Measure(100 * low, 100 * high, "%")
        lost = told.lost_examples(LOST)
        said = f"of {span((least, most))} requests that failed {told.where}, {errors:g} were counted as errors"
        proof = (*details, ("users saw fail", told.fates()), *((told.ids(lost),) if lost else ()))
        if low > self.blind and least >= ENOUGH:
            share = "every one" if low == 1 else f"{100 * low:.3g} %{' or more' if low < high else ''}"
            said = f"{said}: the counter misses {share} (limit {100 * self.blind:g} %)"
            return self._missed(told, said, Missed(praised, most, lost, measure, proof))
        if least < ENOUGH:
            return inconclusive(
                f"{said}: too few to tell{beside}",
                reason="too_few",
                decide=f"{ENOUGH} requests that fail in the window{cure}",
                measure=measure,
                cites=told.cites(*lost),
                details=proof,
            )
        if high > self.blind:
            near = f"{said}: between {100 * low:.3g} and {100 * high:.3g} % are missing (limit {100 * self.blind:g} %)"
            return self._too_near(told, errors, most, near, Missed(praised, most, lost, measure, proof))
        return passed(said, measure=measure, cites=told.cites(*lost), details=proof)

    def _too_near(self, told: Told, errors: float, most: int, said: str, missed: Missed) -> Finding:
        """Both bounds lie on either side of `blind`; and what has put them there, where that is known."""
        if told.late is not None:
            return counted_late(told, self.metric)
        if 1 - errors / max(1, most) <= self.blind:
            return retried(told, self.metric)
        if 1 - errors / max(1, most - int(told.census.told.sum())) <= self.blind:
            return only_told(told, self.metric)
        return inconclusive(
            said,
            reason="too_near",
            decide="a longer window, or fewer requests on their way at its ends",
            measure=missed.measure,
            cites=told.cites(*missed.lost),
            details=missed.proof,
        )

    def _missed(self, told: Told, said: str, missed: Missed) -> Finding:
        """Optimistic where what users gave up on was told as a success; else blind, unless an alert of the users' side fired."""
        given_up, evidence = gave_up(told), told.evidence
        well = max(missed.praised, given_up.well)
        how = f"; {well:g} or more that {self._fate(told, given_up)} were told as well ({given_up.how})" if well else ""
        cited = told.cites(*(given_up.cites or missed.lost))
        if well / missed.failed > self.blind:
            return failed(
                said + how,
                reason="optimistic",
                measure=missed.measure,
                cites=cited,
                details=self._joined(told, missed, given_up),
            )
        window = told.window
        start_s = self._blind_from_s(told)
        outside = sight(told, self.seen_by, start_s, window.end_s)
        if outside.alarms:
            if not given_up.known:
                return still_open(evidence, window)
            first = outside.alarms[0]
            return passed(
                f"{said}{how}, and who looks from the users' side saw it: {first}, fired at {first.episode.from_s:.1f} s",
                measure=missed.measure,
                cites=(*cited, first.episode.began.cite),
                details=missed.proof,
            )
        if not outside.watched:
            what = f"{said}{how}; no alert of the users' side was seen to fire from {start_s:.1f} s on"
            return alerts.not_watched(evidence, what) if evidence.over else still_open(evidence, window)
        if outside.before:
            return alerts.pre_existing(evidence, f"{said}; {outside.before[0]},", outside.before[0].episode, start_s)
        others = (
            f" ({', '.join(outside.others)} fired; if one stands there, name it in `seen_by`)" if outside.others else ""
        )
        return failed(
            f"{said}{how}, and no alert of the users' side fired from {start_s:.1f} s to {window.end_s:.1f} s{others}",
            reason="blind",
            measure=missed.measure,
            cites=cited,
            details=missed.proof,
        )

    @staticmethod
    def _fate(told: Told, given_up: GaveUp) -> str:
        """What became, for their users, of those that the counter has as well."""
        fronted = told.census.fronted()
        if not fronted or given_up.well:
            return "users gave up on"
        unanswered = told.census.fates(range(len(told.evidence.rows.endpoints)), ("timeout", "conn"))[1]
        return f"{'users gave up on, or that ' if unanswered else ''}were answered {either(fronted)}"

    @staticmethod
    def _joined(told: Told, missed: Missed, given_up: GaveUp) -> Details:
        rows = tuple(cite for cite in given_up.cites if cite.startswith("row "))
        return (*missed.proof, ("answered well, by their ids", told.ids(rows)[1])) if rows else missed.proof

    def _blind_from_s(self, told: Told) -> float:
        """When the first request was sent that failed where the counter cannot see it, or a fault was injected before."""
        lost = [OUTCOMES.index(outcome) for outcome in LOST]
        sent_s: list[float] = []
        for one in placed(told.evidence.rows, told.census.edges):
            unseen = one.ended & (
                np.isin(one.part["outcome"], lost) | np.isin(one.part["status"], list(self.in_front or ()))
            )
            sent_us = one.part["intended_us"][unseen] + one.part["sent_us"][unseen].astype(np.float64)
            sent_s += [float(sent_us.min()) / 1e6] if len(sent_us) else []
        first = told.evidence.journal.first(Injecting, since_s=told.window.start_s, until_s=told.window.end_s)
        return min([*sent_s, *([first.at_s] if first else [])], default=told.window.start_s)

    def _failures(
        self, told: Told, name: str, endpoints: frozenset[int], rises: list[Rise], errors: list[Rise]
    ) -> Failures:
        census, classes = told.census, self._classes
        rose, asked = sum(rise.value or 0.0 for rise in rises), (census.least(endpoints), census.most(endpoints))
        return Failures(
            name,
            endpoints,
            sum(rise.value or 0.0 for rise in errors),
            rose,
            (census.least(endpoints, classes), census.most(endpoints, classes)),
            math.inf
            if may_hold_twice(told, rose, asked[1])
            else census.clear(endpoints, frozenset(range(6)) - classes),
            census.fates(endpoints, (*self.answers, *LOST)),
            asked,
        )

    @property
    def _classes(self) -> frozenset[int]:
        return frozenset(int(answer[0]) for answer in self.answers)
