"""External labels: Prometheus puts them on what it sends (`global: {external_labels}`), not on its own rules and alerts. Pure.

So a page, and the alert as Alertmanager holds it, may bear more labels than the same alert as Prometheus' API tells it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from harness import alerting
from harness.alerting import Identity
from harness.facts import AlertChanged, AlertRouted, Paged
from harness.journal import Journal


def in_prometheus(
    journal: Journal, alert: str, labels: Mapping[str, str], until_s: float = math.inf
) -> Mapping[str, str]:
    """Of the labels that a page must have, those by which its alert is known in Prometheus. All of them, but where no alert of
    that name bears them there, and whatever Alertmanager has of it does (or it has nothing of it): then those that one of that
    name has at all."""
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
    names = {name for one in own for name in one}
    return {name: value for name, value in labels.items() if name in names}


def of_page(journal: Journal, page: Paged) -> Identity:
    """The alert in Prometheus that a page is about: of those whose labels the page bears the one with the most; its own labels
    where there is none."""
    whole = alerting.identity(page.alert, page.labels)
    known = {alerting.identity(one.alert, one.labels) for one in journal.of(AlertChanged, alert=page.alert)}
    return max((one for one in known if one[1] <= whole[1]), key=lambda one: len(one[1]), default=whole)
