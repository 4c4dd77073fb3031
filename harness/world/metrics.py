"""The stack's own Prometheus: its HTTP API in the harness's words. Times come back on the run's axis."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import NotApplied
from harness.facts import AlertChanged, DeliveryCounted, RuleSeen, TargetSeen
from harness.quantities import go_duration_s
from harness.world.exposition import delivery_counters
from harness.world.handles import Clock
from harness.world.jsonapi import JsonApi, on_axis, strings, understood, unix_s

MOST_RULES = 2000
MOST_ALERTS = 1000


@dataclass(frozen=True)
class Series:
    """One series of an answer. `points` are (time on the run's axis, value), the value None for NaN."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True)
class Answer:
    """An answer to a query; `warnings` are Prometheus' own, its infos among them."""

    series: tuple[Series, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """All rules, those that record among them, and every alert that is pending or firing, as of its rule's last evaluation (`happened_s`)."""

    rules: tuple[RuleSeen, ...]
    alerts: tuple[AlertChanged, ...]


class Prometheus:
    """Every call has a time-out and raises NotApplied with Prometheus' own words."""

    def __init__(self, address: tuple[str, int], clock: Clock, prefix: str = "", api: JsonApi | None = None) -> None:
        """`api` is another way to it than plain HTTP."""
        self._api = api or JsonApi("Prometheus", address, prefix, stated="stack.observe.prometheus")
        self._clock = clock

    def ready(self) -> None:
        """Raises NotApplied while it is not, NotLetIn where it turns us away."""
        self._api.get("/-/ready")

    @understood
    def query(self, expr: str, at_unix_s: float | None = None) -> Answer:
        """An instant query: each series has one point (several for `metric[5m]`: the raw samples with their own times)."""
        return self._ask("/api/v1/query", {"query": expr, **({} if at_unix_s is None else {"time": at_unix_s})})

    @understood
    def samples(self, selector: str, back_s: float) -> tuple[tuple[Mapping[str, str], list[tuple[int, float]]], ...]:
        """Every series of a selector with its raw samples (unix_ms, value) of the last seconds, as they were scraped."""
        result, _ = self._result("/api/v1/query", {"query": f"{selector}[{max(1, math.ceil(back_s))}s]"})
        return tuple(
            (
                strings(one.get("metric")),
                [(round(float(at) * 1000), float(value)) for at, value in one.get("values") or ()],
            )
            for one in result
        )

    @understood
    def query_range(self, expr: str, start_unix_s: float, end_unix_s: float, step_s: float) -> Answer:
        params = {"query": expr, "start": start_unix_s, "end": end_unix_s, "step": step_s}
        return self._ask("/api/v1/query_range", params)

    @understood
    def described(self, metric: str) -> str:
        """The family of such a metric, where a target exposes its help or type, be there series of it or not; ''."""
        names = dict.fromkeys((metric, re.sub(r"_(bucket|count|sum|total|created)$", "", metric)))
        return next((name for name in names if self._data("/api/v1/metadata", {"metric": name})), "")

    @understood
    def metrics(self) -> tuple[str, ...]:
        """The names of all metrics."""
        names = self._api.get("/api/v1/label/__name__/values")
        return tuple(map(str, names["data"]))

    @understood
    def rules(self) -> Rules:
        data = self._data("/api/v1/rules", {})
        found: list[RuleSeen] = []
        alerts: list[AlertChanged] = []
        for group in data.get("groups") or ():
            for rule in group.get("rules") or ():
                seen = self._rule(group, rule)
                found.append(seen)
                alerts += [self._alert(seen, alert) for alert in rule.get("alerts") or ()]
        if len(found) > MOST_RULES or len(alerts) > MOST_ALERTS:
            raise NotApplied(f"Prometheus has {len(found)} rules and {len(alerts)} alerts: more than can be followed")
        return Rules(tuple(found), tuple(alerts))

    @understood
    def alerts_since(self, back_s: float) -> tuple[AlertChanged, ...]:
        """Every evaluation's pending and firing alerts of the last seconds, from the series ALERTS, each at its own time."""
        answer = self.query(f"ALERTS[{max(1, math.ceil(back_s))}s]")
        found = [
            AlertChanged(
                alert=series.labels.get("alertname", ""),
                state=series.labels.get("alertstate", ""),
                labels=_plain(series.labels),
                happened_s=at_s,
            )
            for series in answer.series
            for at_s, _ in series.points
        ]
        return tuple(sorted(found, key=lambda change: change.at_s))

    @understood
    def counters(self) -> tuple[DeliveryCounted, ...]:
        """What it counts of its own notifications to Alertmanager."""
        return delivery_counters("prometheus", self._api.text("/metrics"))

    @understood
    def targets(self) -> tuple[TargetSeen, ...]:
        data = self._data("/api/v1/targets", {"state": "active"})
        return tuple(
            TargetSeen(
                job=str((target.get("labels") or {}).get("job") or target.get("scrapePool") or ""),
                instance=str((target.get("labels") or {}).get("instance") or target.get("scrapeUrl") or ""),
                health=str(target.get("health") or "unknown"),
                interval_s=go_duration_s(target.get("scrapeInterval")),
                took_s=float(target.get("lastScrapeDuration") or 0.0),
                error=str(target.get("lastError") or ""),
            )
            for target in data.get("activeTargets") or ()
        )

    def _rule(self, group: Mapping[str, Any], rule: Mapping[str, Any]) -> RuleSeen:
        return RuleSeen(
            rule=str(rule.get("name") or ""),
            group=f"{group.get('file') or ''};{group.get('name') or ''}",
            kind=str(rule.get("type") or "alerting"),
            expr=str(rule.get("query") or ""),
            labels=strings(rule.get("labels")),
            annotations=strings(rule.get("annotations")),
            for_s=float(rule.get("duration") or 0.0),
            keep_firing_s=float(rule.get("keepFiringFor") or 0.0),
            interval_s=float(group.get("interval") or 0.0),
            evaluated_s=on_axis(self._clock, unix_s(rule.get("lastEvaluation"))),
            health=str(rule.get("health") or ""),
            error=str(rule.get("lastError") or ""),
        )

    def _alert(self, rule: RuleSeen, alert: Mapping[str, Any]) -> AlertChanged:
        return AlertChanged(
            alert=rule.rule,
            state=str(alert.get("state") or ""),
            labels=_plain(strings(alert.get("labels"))),
            active_s=on_axis(self._clock, unix_s(alert.get("activeAt"))),
            value=_number(alert.get("value")),
            group=rule.group,
            happened_s=rule.evaluated_s,
        )

    def _ask(self, path: str, params: Mapping[str, Any]) -> Answer:
        result, warnings = self._result(path, params)
        series = tuple(
            Series(
                strings(one.get("metric")),
                tuple(self._point(point) for point in one.get("values") or ([one["value"]] if "value" in one else [])),
            )
            for one in result
        )
        return Answer(series, warnings)

    def _result(self, path: str, params: Mapping[str, Any]) -> tuple[list[Any], tuple[str, ...]]:
        """A vector or matrix as it came, and the warnings."""
        answer = self._api.get(path, params)
        data = self._checked(answer)
        kind, result = data.get("resultType"), data.get("result")
        if kind == "scalar":
            result = [{"metric": {}, "value": result}]
        elif kind not in ("vector", "matrix"):
            raise NotApplied(f"{params['query']} gives a {kind}, not a vector or a scalar")
        warnings = (*(answer.get("warnings") or ()), *(answer.get("infos") or ()))
        return list(result or ()), tuple(str(warning) for warning in warnings)

    def _point(self, point: Any) -> tuple[float, float | None]:
        return on_axis(self._clock, float(point[0])) or 0.0, _number(point[1])

    def _data(self, path: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return self._checked(self._api.get(path, params))

    def _checked(self, answer: Any) -> dict[str, Any]:
        if (
            not isinstance(answer, dict)
            or answer.get("status") != "success"
            or not isinstance(answer.get("data"), dict)
        ):
            said = answer.get("error") if isinstance(answer, dict) else answer
            raise NotApplied(f"{self._api.what} did not answer as Prometheus does: {str(said)[:200]}")
        data: dict[str, Any] = answer["data"]
        return data


def _number(text: Any) -> float | None:
    """A sample's value as Prometheus writes it; None for NaN and for what is no number. Infinity stays."""
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return None if math.isnan(value) else value


def _plain(labels: Mapping[str, str]) -> dict[str, str]:
    """An alert's own labels, without those that name the series it is written as."""
    return {name: value for name, value in labels.items() if name not in ("alertname", "alertstate", "__name__")}
