"""A page that came only because Alertmanager had not heard yet of an alert that would have held it back. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness import alerting, inhibiting
from harness.expectations.base import Evidence
from harness.expectations.notifications import Notification
from harness.expectations.requests import cites
from harness.verdict import Finding, inconclusive


def not_tried(evidence: Evidence, came: Sequence[Notification], what: str) -> Finding | None:
    """That each of these, `what` was sent by, would be held back by an alert that fired and was not sent yet; None where one would not."""
    journal = evidence.journal
    found = []
    for page in (note.first for note in came):
        by = inhibiting.held_back_by(journal, page.at_s, {**page.labels, "alertname": page.alert})
        if by is None:
            return None
        found.append(by)
    source, rule = found[0]
    return inconclusive(
        f"{what} was sent at {came[0].at_s:.1f} s, but {source.alert}{alerting.shown(source.labels)}, which fires since "
        f"{source.from_s:.1f} s, had not come to Alertmanager yet, and holds it back once it has ({inhibiting.shown(rule)})",
        reason="inhibitor_unsent",
        decide="a `steady` with a longer `within`: Prometheus sends what it could not when it fired again after a minute",
        cites=cites(evidence, came[0].first, source.began, rule),
    )
