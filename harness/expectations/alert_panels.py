"""Panels that show nothing but alerts: empty is what they should be while none of those alerts is there. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from harness.expectations.metric_names import parsed
from harness.facts import AlertChanged
from harness.promql import readings

ALERTS = "ALERTS"
"""Prometheus' own series: one for each alert, only as long as it is pending or firing."""


def reads_alerts(query: str) -> bool:
    """Whether alerts are among what a query reads. False for one that cannot be read."""
    try:
        return any(name == ALERTS for _, name in readings(query))
    except ValueError:
        return False


def none_there(query: str, seen: Iterable[AlertChanged]) -> bool:
    """Whether a query reads alerts alone, and none of those seen is one that it takes. False for a query that cannot be read."""
    try:
        read = list(readings(query))
    except ValueError:
        return False
    if not read or any(name != ALERTS for _, name in read):
        return False
    selectors = [reading.selector for reading, _ in read]
    return not any(_takes(selector, one) for selector in selectors for one in seen)


def _takes(selector: str, alert: AlertChanged) -> bool:
    labels = {**alert.labels, "alertname": alert.alert, "alertstate": alert.state}
    return all(one.takes(labels.get(one.label, "")) for one in parsed(selector.removeprefix(ALERTS)))
