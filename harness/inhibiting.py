"""Alerts that hold others back in Alertmanager, and that it may not have yet: then what it sends tells nothing of that. Pure.

Prometheus sends an alert when it fires, and again after --rules.alert.resend-delay, a minute unless that says otherwise. What it could
not send the first time, for it had just started and knew of no Alertmanager yet, is lost until then.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from harness import alerting
from harness.agreeing import Agreeing
from harness.alerting import LAG_S, Episode, Identity
from harness.facts import AlertRouted, InhibitSeen, Looked
from harness.journal import Journal
from harness.labelled import matches
from harness.made_elsewhere import PROBE

RESENT_S = 60.0
ON_ITS_WAY_S = 5.0
"""What just began to fire may be on its way, or not have been looked at yet."""


@dataclass(frozen=True)
class Waiting:
    """An alert that a rule may look for, and that Alertmanager, which was looked at, did not have in [from_s, until_s): Prometheus may
    still send it then."""

    alert: Episode
    from_s: float
    until_s: float

    def at(self, at_s: float, since_s: float) -> bool:
        return self.from_s <= at_s < self.until_s and self.alert.from_s + since_s <= at_s


def unsent(journal: Journal, at_s: float) -> list[Episode]:
    """Alerts that fire then, that a rule may look for, and that Alertmanager, which was looked at, did not have."""
    return [one.alert for one in journal.once(_waiting) if one.at(at_s, 0.0)]


def held_back_by(journal: Journal, at_s: float, labels: Mapping[str, str]) -> tuple[Episode, InhibitSeen] | None:
    """The first alert, unsent then and no more on its way, that holds one with such labels back, as Alertmanager has them (`alertname`
    among them), and by which rule."""
    added = _added(journal, labels)
    for number, rule in enumerate(journal.of(InhibitSeen)):
        if not matches(labels, rule.targets):
            continue
        both = matches(labels, rule.sources)
        same = tuple(
            name for name in rule.equal if name not in added
        )  # what is added is the same but where it is its own
        alike = journal.once(_looked_for, number, same).get(tuple(labels.get(name, "") for name in same), ())
        for one in (waiting.alert for waiting in alike if waiting.at(at_s, ON_ITS_WAY_S)):
            source = {**added, **_named(one)}
            if not matches(source, rule.sources) or (both and matches(source, rule.targets)):
                continue
            if all(source.get(name, "") == labels.get(name, "") for name in rule.equal):
                return one, rule
    return None


def _added(journal: Journal, labels: Mapping[str, str]) -> dict[str, str]:
    """Of an alert's labels those that Prometheus adds to every alert on its way (`external_labels`): none of it has them there."""
    own = journal.once(_names, labels["alertname"])
    return {name: value for name, value in labels.items() if own and name not in own}


def _names(journal: Journal, alert: str) -> frozenset[str]:
    """The names of all labels that such alerts have in Prometheus; none where none fired."""
    return frozenset(name for one in alerting.episodes(journal, alert) for name in _named(one))


def _waiting(journal: Journal) -> list[Waiting]:
    rules = journal.of(InhibitSeen)
    looks = sorted(look.at_s for look in journal.of(Looked, probe=PROBE)) if rules else []
    found = []
    for one in alerting.episodes(journal) if looks else ():
        place = bisect_left(looks, one.from_s)
        if place < len(looks) and any(_may_look_for(rule, _named(one)) for rule in rules):
            until_s = min(one.until_s, _sent_s(journal, one), journal.once(_heard, one.alert)[one.identity])
            found.append(Waiting(one, looks[place], until_s))
    return found


def _looked_for(journal: Journal, number: int, same: tuple[str, ...]) -> dict[tuple[str, ...], list[Waiting]]:
    """Those that a rule may look for, by what they have of the labels that must be the same."""
    rule = journal.of(InhibitSeen)[number]
    found: dict[tuple[str, ...], list[Waiting]] = {}
    for one in journal.once(_waiting):
        if _may_look_for(rule, labels := _named(one.alert)):
            found.setdefault(tuple(labels.get(name, "") for name in same), []).append(one)
    return found


def _may_look_for(rule: InhibitSeen, source: Mapping[str, str]) -> bool:
    """As far as its own labels tell: others may be added on its way."""
    return matches(source, [asked for asked in rule.sources if asked[0] in source])


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
    mine = [rule.interval_s for rule in journal.once(alerting.rules, one.alert) if alerting.may_bear(rule, one.labels)]
    return one.from_s + RESENT_S + max(mine, default=0.0) + LAG_S


def _heard(journal: Journal, alert: str) -> dict[Identity, float]:
    """Since when Alertmanager has each alert of a name: as it is in Prometheus, or as none of its name is there, for its labels are
    rewritten on its way (`alert_relabel_configs`)."""
    ours = {one.identity: one.labels for one in alerting.episodes(journal, alert)}
    index = Agreeing((labels, key) for key, labels in ours.items())
    held: dict[Identity, AlertRouted] = {}
    for seen in sorted(journal.of(AlertRouted, alert=alert), key=lambda seen: seen.at_s):
        if seen.state != "gone":
            held.setdefault(alerting.identity(alert, seen.labels), seen)
    known = [(seen.at_s, index.of(seen.labels)) for seen in held.values()]
    rewritten_s = min((at_s for at_s, mine in known if not mine), default=math.inf)
    found = dict.fromkeys(ours, rewritten_s)
    for at_s, mine in known:
        for key in mine:
            found[key] = min(found[key], at_s)
    return found


def _named(one: Episode) -> dict[str, str]:
    return {**one.labels, "alertname": one.alert}
