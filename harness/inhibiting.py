"""Alerts that hold others back in Alertmanager, and that it may not have yet: then what it sends tells nothing of that. Pure.

Prometheus sends an alert when it fires, and again after --rules.alert.resend-delay, a minute unless that says otherwise. What it could
not send the first time, for it had just started and knew of no Alertmanager yet, is lost until then.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from harness import alerting
from harness.alerting import LAG_S, Episode
from harness.facts import AlertRouted, InhibitSeen, Looked
from harness.journal import Journal
from harness.labelled import matches
from harness.made_elsewhere import PROBE

RESENT_S = 60.0
ON_ITS_WAY_S = 5.0
"""What just began to fire may be on its way, or not have been looked at yet."""


def unsent(journal: Journal, at_s: float, since_s: float = 0.0) -> list[Episode]:
    """Alerts that fire then, and did for as long as since_s, that Alertmanager, which was looked at, did not have, and that Prometheus
    may still send."""
    return [
        one
        for one in alerting.episodes(journal)
        if one.fires_at(at_s)
        and one.from_s + since_s <= at_s < _sent_s(journal, one)
        and journal.of(Looked, probe=PROBE, since_s=one.from_s, until_s=at_s)
        and not _held(journal, one, at_s)
    ]


def held_back_by(
    journal: Journal, sources: list[Episode], labels: Mapping[str, str]
) -> tuple[Episode, InhibitSeen] | None:
    """The first of these alerts that holds one with such labels back, as Alertmanager has them (`alertname` among them), and by which rule."""
    added = _added(journal, labels)
    for rule in journal.of(InhibitSeen):
        for one in sources:
            source = {**added, **_named(one)}
            if not matches(labels, rule.targets) or not matches(source, rule.sources):
                continue
            both = matches(labels, rule.sources) and matches(source, rule.targets)
            if not both and all(source.get(name, "") == labels.get(name, "") for name in rule.equal):
                return one, rule
    return None


def _added(journal: Journal, labels: Mapping[str, str]) -> dict[str, str]:
    """Of an alert's labels those that Prometheus adds to every alert on its way (`external_labels`): none of it has them there."""
    own = alerting.episodes(journal, labels["alertname"])
    names = {"alertname", *(name for one in own for name in one.labels)}
    return {name: value for name, value in labels.items() if own and name not in names}


def may_hold_back(journal: Journal, one: Episode, alerts: Collection[str]) -> bool:
    """Whether by some rule it may hold one of these back, as far as is known how that will look; names, or patterns."""
    source, others = _named(one), [labels for alert in alerts for labels in _expected(journal, alert)]
    return any(
        matches(source, rule.sources) and any(_may_be_held(rule, source, labels) for labels in others)
        for rule in journal.of(InhibitSeen)
    )


def _expected(journal: Journal, alert: str) -> list[dict[str, str]]:
    """Of each such alert the labels that its rule sets; others may come from its series."""
    known = [
        {**{name: value for name, value in rule.labels.items() if "{{" not in value}, "alertname": rule.rule}
        for rule in alerting.rules(journal, alert)
    ]
    return known or ([] if alerting.is_pattern(alert) else [{"alertname": alert}])


def _may_be_held(rule: InhibitSeen, source: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    asked = [one for one in rule.targets if one[0] in labels]
    same = [name for name in rule.equal if name in labels and name in source]
    return matches(labels, asked) and all(source[name] == labels[name] for name in same)


def shown(rule: InhibitSeen) -> str:
    """A rule in words, 'severity="critical" holds back team="shop"'."""
    source, target = (
        ", ".join(f'{name}{how}"{value}"' for name, how, value in side) or "any"
        for side in (rule.sources, rule.targets)
    )
    return f"{source} holds back {target}"


def _sent_s(journal: Journal, one: Episode) -> float:
    """Until when Prometheus has surely sent it anew: at the first evaluation after the delay."""
    mine = [rule.interval_s for rule in alerting.rules(journal, one.alert, labels=one.labels)]
    return one.from_s + RESENT_S + max(mine, default=0.0) + LAG_S


def _held(journal: Journal, one: Episode, at_s: float) -> bool:
    """Whether Alertmanager has it: as it is in Prometheus, or as none of its name is there, for its labels are rewritten on its way
    (`alert_relabel_configs`)."""
    ours = [other.labels for other in alerting.episodes(journal, one.alert)]
    seen = [fact.labels for fact in journal.of(AlertRouted, alert=one.alert, until_s=at_s) if fact.state != "gone"]
    return any(
        alerting.agree(labels, one.labels) or not any(alerting.agree(labels, other) for other in ours)
        for labels in seen
    )


def _named(one: Episode) -> dict[str, str]:
    return {**one.labels, "alertname": one.alert}
