"""Before a run: whether the stack's rule files have an alert that is named, as far as they can be read. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.alerting import NO_LABELS, may_bear, named, shown
from harness.expectations.base import Reach
from harness.expectations.renewed import renewed


def no_alert(reach: Reach, alert: str, labels: Mapping[str, str] = NO_LABELS, allow: Sequence[str] = ()) -> str:
    """That none of their rules makes such an alert that may not fire: perhaps a name misspelt; '' where one does, or none is known."""
    known = [rule for rule in reach.alerts or () if rule.kind == "alerting"]
    if reach.alerts is None or (reach.alerts_unread and not known):
        return ""
    meant = [rule for rule in known if named(rule.rule, alert)]
    counted = [rule for rule in meant if not any(named(rule.rule, allowed) for allowed in allow)]
    if any(may_bear(rule, labels) for rule in counted):
        return ""
    allowed = dict.fromkeys(rule.rule for rule in meant if rule not in counted and may_bear(rule, labels))
    has = dict.fromkeys(f"{rule.rule}{shown(rule.labels)}" for rule in counted) or sorted({one.rule for one in known})
    what = f"alert{'' if alert == '*' else f' {alert}'}{shown(labels) if meant else ''}"
    but = f" but those that it allows ({', '.join(allowed)})" if allowed else ""
    unread = f"; not all of them were read: {reach.alerts_unread}" if reach.alerts_unread else ""
    return f"the stack's rule files have no {what}{but}; there are {', '.join(has) or 'none'}{unread}"


def never_over(reach: Reach, alert: str, labels: Mapping[str, str] = NO_LABELS) -> str:
    """That the `for` of each rule of such an alert begins anew with each other value; ''."""
    mine = [one for one in reach.alerts or () if one.kind == "alerting" and named(one.rule, alert)]
    again = renewed([one for one in mine if may_bear(one, labels)])
    return f"{alert} may never fire: {again}" if again else ""
