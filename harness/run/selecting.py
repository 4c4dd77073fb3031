"""After the last phase, while the stack still stands: whether what the claimed alerts' rules read had any series in this run."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from harness import alerting
from harness.errors import NotApplied
from harness.evaluations import histories
from harness.expectations.alert_clears import AlertClears
from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.expectations.outcome_labels import OUTCOME, examples
from harness.expectations.page_sent import PageSent
from harness.expectations.selected import TARGET, plain
from harness.facts import PartSeen, PhaseEnded, RuleSeen, SelectorSeen, SeriesSeen
from harness.journal import Journal
from harness.promql import Matcher, course_of, matchers
from harness.promql_parts import Part, parts
from harness.run.givers import Wanted, stretches, wanted
from harness.world.metrics import Answer

if TYPE_CHECKING:
    from harness.drill.model import Drill

T = TypeVar("T")
MOST = 300
"""Selectors that are looked up, and parts; the others are told as not asked."""
CUT = f"it is beyond the first {MOST} that are asked for"
POINTS = 200
COARSE = 10
"""A query that is not answered is asked once more, with so many times fewer points."""
FAILURES = 3
"""Selectors in a row; then the others are not asked for any more."""
LIKE = 0.9
SUFFIXES = ("", "_bucket", "_count", "_sum", "_total")
"""What the names of a family's series have behind its own."""
NOT_ALERTS = '__name__!~"ALERTS.*"'  # an alert bears the labels of its own rule


class Asked(Protocol):
    """What is needed of world.metrics.Prometheus."""

    def query(self, expr: str) -> Answer: ...
    def described(self, metric: str) -> str: ...
    def metrics(self) -> tuple[str, ...]: ...


def selected(drill: Drill) -> tuple[str, ...]:
    """The alerts, or patterns, of the claims that stand on what their rules read."""
    kinds = (AlertClears, AlertFires, AlertQuiet, PageSent)
    return tuple(dict.fromkeys(claim.alert for _, _, claim in drill.claims() if isinstance(claim, kinds)))


@dataclass(frozen=True)
class Selecting:
    """One SelectorSeen for each selector of the rules of such alerts, those of the recording rules before them included, and one
    PartSeen for what may come to nothing of them; of those that fired also who gave it."""

    journal: Journal
    prometheus: Asked
    coarse: int = 1

    def seen(self, alerts: Sequence[str]) -> Iterator[SelectorSeen | PartSeen | SeriesSeen]:
        failed, why = 0, ""
        selectors, of_rules = self._selectors(alerts), self._parts(alerts)
        yield from self._unread(alerts)
        for selector in selectors[:MOST]:
            if failed < FAILURES:
                seen = self._asked(selector)
                failed, why = (failed + 1, seen.why) if seen.why else (0, "")
            else:
                seen = SelectorSeen(selector=selector, why=why)
            yield seen
        for part in of_rules[:MOST]:
            if failed < FAILURES:
                came = self._came_of(part)
                failed, why = (failed + 1, came.why) if came.why else (0, "")
            else:
                came = PartSeen(part=part.text, why=why)
            yield came
        yield from (SelectorSeen(selector=selector, why=CUT) for selector in selectors[MOST:])
        yield from (PartSeen(part=part.text, why=CUT) for part in of_rules[MOST:])
        if failed < FAILURES:
            for one in wanted(self.journal, alerts)[:MOST]:
                yield from self._given(one)

    def _given(self, one: Wanted) -> Sequence[SeriesSeen]:
        try:
            return tuple(one.seen(self._over, self._step_s))
        except NotApplied as error:
            if self.coarse > 1:
                return (SeriesSeen(selector=one.selector, why=str(error)),)
            return replace(self, coarse=COARSE)._given(one)

    def _came_of(self, part: Part) -> PartSeen:
        try:
            times = [at_s for one in self._over(f"count({part.query})").series for at_s, _ in one.points]
        except NotApplied as error:
            if self.coarse > 1:
                return PartSeen(part=part.text, why=str(error))
            return replace(self, coarse=COARSE)._came_of(part)
        return PartSeen(part=part.text, step_s=self._step_s, spans=stretches(times, self._step_s))

    def _asked(self, selector: str) -> SelectorSeen:
        try:
            return self._looked(selector)
        except NotApplied as error:
            if self.coarse > 1:
                return SelectorSeen(selector=selector, why=str(error))
            return replace(self, coarse=COARSE)._asked(selector)

    def _selectors(self, alerts: Sequence[str]) -> list[str]:
        return self._of_each(alerts, lambda rules, rule: [one.selector for one in course_of(rules, rule).readings])

    def _parts(self, alerts: Sequence[str]) -> list[Part]:
        return self._of_each(alerts, parts)

    def _of_each(self, alerts: Sequence[str], of: Callable[[Sequence[RuleSeen], RuleSeen], list[T]]) -> list[T]:
        """Of the rules of such alerts, but for what no parser of ours can read."""
        found: dict[T, None] = {}
        rules = alerting.loaded(self.journal)
        for rule in self._meant(alerts):
            try:
                found.update(dict.fromkeys(of(rules, rule)))
            except ValueError:
                continue
        return list(found)

    def _unread(self, alerts: Sequence[str]) -> Iterator[SelectorSeen]:
        """One for each such rule whose expression, or that of what it stands on, cannot be read: under its whole expression."""
        found: dict[str, str] = {}
        for rule in self._meant(alerts):
            try:
                course_of(alerting.loaded(self.journal), rule)
            except ValueError as error:
                found[rule.expr] = str(error)
        yield from (SelectorSeen(selector=expr, why=why) for expr, why in found.items())

    def _meant(self, alerts: Sequence[str]) -> Iterator[RuleSeen]:
        """The rules of such alerts, also those that went: those first that a claim names, and at last those that any alert is."""
        last = [history[-1] for history in histories(self.journal).values()]
        rules = sorted((rule for rule in last if rule.kind == "alerting"), key=lambda rule: rule.gone)
        for alert in sorted(alerts, key=lambda one: (alerting.is_pattern(one), one == "*")):
            yield from (rule for rule in rules if alerting.named(rule.rule, alert))

    @property
    def _back_s(self) -> int:
        return math.ceil(max(1.0, self.journal.end_s))

    @property
    def _step_s(self) -> int:
        return self.coarse * math.ceil(self._back_s / POINTS)

    def _looked(self, selector: str) -> SelectorSeen:
        metric, parts = matchers(selector)
        times = [at_s for one in self._over(f"count({selector})").series for at_s, _ in one.points]
        if not times:
            return self._missing(selector, metric, parts)
        values = [point for one in self._over(f"max({selector})").series for point in one.points]
        ends = [ended.at_s for ended in self.journal.of(PhaseEnded)]
        last = [max((one for one in values if one[0] <= end_s), default=None, key=lambda one: one[0]) for end_s in ends]
        return SelectorSeen(
            selector=selector,
            metric=metric,
            step_s=self._step_s,
            spans=stretches(times, self._step_s),
            last=tuple(one for one in last if one is not None),
            last_le=self._last_le(selector) if metric.endswith("_bucket") else None,
        )

    def _last_le(self, selector: str) -> float | None:
        """That it is not told leaves the rest of what is known of a selector."""
        try:
            series = self._over(f"count by (le) ({selector})").series
            bounds = [float(one.labels.get("le", "nan")) for one in series]
        except (NotApplied, ValueError):
            return None
        return max((bound for bound in bounds if math.isfinite(bound)), default=None)

    def _missing(self, selector: str, metric: str, parts: Sequence[Matcher]) -> SelectorSeen:
        """What of it no series has."""
        of_metric = bool(metric) and self._any(metric)
        described, like, before = (False, "", False) if of_metric or not metric else self._told(metric)
        other = plain(selector)
        but_outcome = of_metric and bool(other) and self._any(other)
        beside = [one for one in parts if but_outcome and not OUTCOME.search(one.label)]
        strange = {
            one.label: self._instead(metric, one.label, there)
            for one in parts
            if of_metric and self._none(metric, one, *(there := beside if OUTCOME.search(one.label) else []))
        }
        asked = [one for one in parts if one.label in (strange if of_metric else TARGET)]
        return SelectorSeen(
            selector=selector,
            metric=metric,
            step_s=self._step_s,
            of_metric=of_metric,
            described=described,
            like=like,
            before=before,
            plain=but_outcome,
            strange=strange,
            unknown=tuple(one.label for one in asked if one.value and not self._any(f"{{{one.text},{NOT_ALERTS}}}")),
        )

    def _told(self, metric: str) -> tuple[bool, str, bool]:
        """Whether such a metric is described, which there is that may be meant instead (where its family has series, these are all that it
        has), and, of one that is not described, whether there was one earlier. Not every server tells that."""
        family = ""
        try:
            family, names = self.prometheus.described(metric), self.prometheus.metrics()
            if not family and metric in names:
                return False, "", True
            if not family:
                return False, next(iter(difflib.get_close_matches(metric, names, 1, LIKE)), ""), False
            there = {f"{family}{end}" for end in SUFFIXES} & set(names) - {metric}
            return True, next((name for name in sorted(there) if self.prometheus.described(name) == family), ""), False
        except NotApplied:
            return bool(family), "", False

    def _none(self, metric: str, *parts: Matcher) -> bool:
        return not self._any(_selector(metric, parts))

    def _instead(self, metric: str, label: str, parts: Sequence[Matcher]) -> str:
        """What the metric's series, those of them that match, have under a label."""
        series = self._over(f"count by ({label}) ({_selector(metric, parts)})").series
        return examples(one.labels.get(label, "") for one in series)

    def _any(self, selector: str) -> bool:
        return bool(self._over(f"count({selector})").series)

    def _over(self, expr: str) -> Answer:
        """What an expression gave over the whole run."""
        return self.prometheus.query(f"{expr}[{self._back_s}s:{self._step_s}s]")


def _selector(metric: str, parts: Sequence[Matcher]) -> str:
    return f"{metric}{{{','.join(one.text for one in parts)}}}"
