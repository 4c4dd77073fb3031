"""Claims about an alert whose rule reads what no rule records, or asks for what can never be (that no rule makes it: expectations/known_alerts). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.alerting import is_pattern, may_bear
from harness.ceilings import impossible
from harness.drill.problem import Problem, did_you_mean
from harness.promql import matchers, wanting

if TYPE_CHECKING:
    from harness.facts import RuleSeen
    from harness.plan import Plan


def mute_alerts(plan: Plan) -> Iterator[Problem]:
    """Warnings: a drill may well ask whether somebody notices that a rule is gone."""
    if plan.alerts is None or plan.alerts_unread:
        return
    for claim in plan.all_claims:
        alert, labels = getattr(claim.expectation, "alert", ""), getattr(claim.expectation, "labels", {})
        if not alert or is_pattern(alert):
            continue
        why = _mute(plan.alerts, alert, labels)
        if why:
            yield replace(plan.drill.problem(claim.id, f"{claim.id}: {why}", "alert"), severity="warning")


def _mute(rules: tuple[RuleSeen, ...], alert: str, labels: dict[str, str]) -> str:
    mine = [one for one in rules if one.kind == "alerting" and one.rule == alert and may_bear(one, labels)]
    try:
        never = [impossible(rules, rule, _not_scraped) for rule in mine]
        lacking = [wanting(rules, rule, _is_scraped) for rule in mine]
    except ValueError:
        return ""  # a dialect of its own: the rule's health tells in the run
    if never and all(never):
        return f"the rule {alert} {never[0]}: it never fires"
    if not lacking or not all(lacking):
        return ""
    name = matchers(lacking[0][0])[0]
    near = did_you_mean(name, [rule.rule for rule in rules if rule.kind == "recording"])
    return f"the rule {alert} reads {name}, which no rule here records{near}: unless that comes from elsewhere, it never fires"


def _is_scraped(selector: str) -> bool:
    """Whether its series may come from a target: by Prometheus' convention a colon is in the names of recorded series alone."""
    return ":" not in matchers(selector)[0]


def _not_scraped(_: str) -> None:
    """The buckets of what is not running are not known."""
