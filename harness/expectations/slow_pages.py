"""Before a run: whether an alert's page can come in the time that a claim gives it, by its rule and Alertmanager's waits. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from harness.alerting import NO_LABELS, held_s, is_pattern, may_bear
from harness.expectations.base import Reach
from harness.expectations.slow_rules import slow_rule
from harness.quantities import spell


def slow_page(reach: Reach, alert: str, receiver: str, limit_s: float, labels: Mapping[str, str] = NO_LABELS) -> str:
    """Why no page can come so soon, or that one may well come later; ''. receiver '': any."""
    if reach.alerts is None or is_pattern(alert):
        return ""
    ways = [seen for seen in reach.receivers or () if seen.observable and seen.routed]
    waits = [seen.group_wait_s for seen in ways if receiver in ("", seen.receiver)]
    wait_s = min(waits, default=0.0)
    if wait_s >= limit_s:
        return f"no page can come in {spell(limit_s)}: its group_wait is {spell(wait_s)}"
    if why := slow_rule(reach.alerts, alert, limit_s - wait_s, reach.history_s, labels=labels):
        return f"no page can come in {spell(limit_s)}{f', of which group_wait is {spell(wait_s)}' if wait_s else ''}: {why}"
    mine = [rule for rule in reach.alerts if rule.kind == "alerting" and rule.rule == alert and may_bear(rule, labels)]
    if not mine:
        return ""
    soonest = min(mine, key=lambda rule: rule.interval_s + held_s(rule))
    most_s = soonest.interval_s + held_s(soonest) + max(waits, default=0.0)
    if most_s <= limit_s:
        return ""
    each = {"evaluation": soonest.interval_s, "for": soonest.for_s, "group_wait": max(waits, default=0.0)}
    parts = [f"{name} {spell(value_s)}" for name, value_s in each.items() if value_s]
    return (
        f"its page may take up to {spell(round(most_s, 1))} ({', '.join(parts)}) from the first scrape that shows the fault, and "
        f"it has {spell(limit_s)}; give `within` so much and one scrape interval"
    )
