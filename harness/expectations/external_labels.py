"""Labels that Prometheus changes on what it sends, and not on its own rules and alerts. Pure.

It adds those of `global: {external_labels}`, and drops or rewrites others by `alert_relabel_configs`. So a page, and the alert as
Alertmanager holds it, may bear other labels than the same alert as Prometheus' API tells it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from harness import alerting
from harness.facts import AlertChanged, AlertRouted, Paged
from harness.journal import Journal


def in_prometheus(
    journal: Journal, alert: str, labels: Mapping[str, str], until_s: float = math.inf
) -> Mapping[str, str]:
    """Of the labels that a page must have, those by which its alert is known in Prometheus. All of them, but where no alert of
    that name bears them there, and whatever Alertmanager has of it does (or it has nothing of it): then those that one of that
    name has at all. A value that none has there was rewritten on its way: from the one that nobody was sent."""
    own = [one.labels for one in journal.of(AlertChanged, until_s=until_s) if alerting.named(one.alert, alert)]
    if any(alerting.bears(one, labels) for one in own):
        return labels
    beyond: tuple[AlertRouted | Paged, ...] = (
        *journal.of(AlertRouted, until_s=until_s),
        *journal.of(Paged, until_s=until_s),
    )
    sent = [one.labels for one in beyond if alerting.named(one.alert, alert)]
    if sent and not any(alerting.bears(one, labels) for one in sent):
        return labels
    fired = [
        one.labels
        for one in journal.of(AlertChanged, state="firing", until_s=until_s)
        if alerting.named(one.alert, alert)
    ]
    known: dict[str, str] = {}
    for name, value in labels.items():
        has = {one[name] for one in own if name in one}
        unsent = {one[name] for one in fired if name in one} - {one.get(name, "") for one in sent}
        rewritten = bool(sent) and value not in has
        if has and not (rewritten and len(unsent) > 1):  # of several nobody knows from which
            known[name] = unsent.pop() if rewritten and unsent else value
    return known
