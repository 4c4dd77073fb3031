"""Alerts that another than Prometheus made, or may have: what they say of a quiet. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness import alerting
from harness.expectations import alerts
from harness.expectations.base import Evidence
from harness.expectations.requests import cites
from harness.journal import Window
from harness.made_elsewhere import Elsewhere
from harness.scoring import within
from harness.verdict import Finding, Measure, failed, inconclusive


def fired(evidence: Evidence, window: Window, others: Sequence[Elsewhere]) -> Finding:
    """What another than Prometheus made, as it was seen on its way to people."""
    first, count = others[0], _count(others)
    before = "already " if first.from_s < window.start_s else ""
    around = within(alerts.troubles(evidence.journal), first)
    during = f"in the trouble of {around[0].name!r}" if around else "where no fault was on"
    return failed(
        f"{_shown(first)} fired {before}at {first.from_s:.1f} s, {during}{_more(count)}: {first.told()}, and it was not Prometheus that"
        " made it",
        reason="pre_existing" if before else "collateral" if around else "false_alarm",
        measure=Measure(count, count, "alerts"),
        cites=cites(evidence, *(one.known for one in others[:3])),
    )


def perhaps(evidence: Evidence, said: str, others: Sequence[Elsewhere]) -> Finding:
    """What may be an alert of Prometheus' own that may fire, under another name and with other labels, or another's."""
    first = others[0]
    return inconclusive(
        f"{said}, but {_shown(first)} did at {first.from_s:.1f} s{_more(_count(others))}: {first.told()}. It stands on the expression of"
        f" {first.perhaps}, which fired then, and has another name and other labels: whether Prometheus made it of that"
        " (alert_relabel_configs), or another did, nobody knows",
        reason="unknown_maker",
        decide=f"`allow: [{first.alert}]`, where it is {first.perhaps} by the name that it gets on its way",
        cites=cites(evidence, *(one.known for one in others[:3])),
    )


def _shown(one: Elsewhere) -> str:
    return f"{one.alert}{alerting.shown(one.labels)}"


def _count(others: Sequence[Elsewhere]) -> int:
    return len({alerting.identity(one.alert, one.labels) for one in others})


def _more(count: int) -> str:
    return f" ({count - 1} more)" if count > 1 else ""
