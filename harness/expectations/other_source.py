"""Alerts that another source makes than the Prometheus that is looked at: a ruler of logs, another Prometheus. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from harness import alerting
from harness.facts import AlertChanged, AlertRouted, Paged
from harness.journal import Journal

DECIDE = (
    "the source that makes the alert, if it has Prometheus' API: name it, stack: {observe: {prometheus: SERVICE:PORT}}"
)


def made(journal: Journal, alert: str, labels: Mapping[str, str], until_s: float) -> AlertRouted | Paged | None:
    """The first that Alertmanager, or a receiver, was told of such an alert, which Prometheus never had; None where it had one of
    that name, or nobody was told."""
    if any(alerting.named(one.alert, alert) for one in journal.of(AlertChanged, until_s=until_s)):
        return None
    told: tuple[AlertRouted | Paged, ...] = (
        *journal.of(Paged, status="firing", standing=False, until_s=until_s),
        *journal.of(AlertRouted, until_s=until_s),
    )
    return next((one for one in told if alerting.named(one.alert, alert) and alerting.bears(one.labels, labels)), None)


def said(one: AlertRouted | Paged) -> str:
    """How it is known, in words."""
    whom = f"{one.receiver} was told of it" if isinstance(one, Paged) else "Alertmanager held it"
    return f"another source makes {one.alert}: {whom} at {one.at_s:.1f} s, and this Prometheus never fired it then"
