"""Which alerts are one and the same: a label that a rule's template makes of the value makes no other of it. Pure."""

from __future__ import annotations

from collections.abc import Callable

from harness import alerting
from harness.alerting import Episode, Identity
from harness.facts import RuleSeen
from harness.journal import Journal


def lasting(journal: Journal) -> Callable[[Episode], Identity]:
    """An alert's identity without the labels of its rule that vary from one evaluation to the next."""
    varying = {(rule.rule, name) for rule in journal.of(RuleSeen) for name in alerting.varying(rule)}

    def of(episode: Episode) -> Identity:
        labels = {name: value for name, value in episode.labels.items() if (episode.alert, name) not in varying}
        return alerting.identity(episode.alert, labels)

    return of
