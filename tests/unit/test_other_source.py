"""alert_fires of an alert that Prometheus has no rule for, and that Alertmanager and its receivers were told of all the same."""

from __future__ import annotations

import pytest
from alert_stories import SERVICE, alert, judged, page, story

from harness import facts as f
from harness.expectations.alert_fires import AlertFires

HELD = f.AlertRouted(seen_s=30, alert="LokiErrors", state="active", labels=SERVICE, receivers=("oncall",))
PAGED = page(31, alert="LokiErrors")


@pytest.mark.parametrize(
    ("happened", "labels", "expected"),
    [
        ((HELD,), {}, ("inconclusive", "other_source")),
        ((PAGED,), {}, ("inconclusive", "other_source")),
        ((HELD, PAGED), {"severity": "page"}, ("inconclusive", "other_source")),
        ((HELD, PAGED), {"severity": "ticket"}, ("failed", "rule_missing")),
        ((), {}, ("failed", "rule_missing")),
        ((page(60, alert="LokiErrors"),), {}, ("failed", "rule_missing")),  # in time nobody knew
        ((page(31, alert="LokiErrors", standing=True),), {}, ("failed", "rule_missing")),
        # Prometheus made it itself, before its rule was taken away: Alertmanager holds what is left of it
        (
            (alert("firing", 12, "LokiErrors"), alert("inactive", 15, "LokiErrors"), HELD),
            {},
            ("failed", "rule_missing"),
        ),
    ],
)
def test_an_alert_that_somebody_else_makes_is_not_judged_by_this_prometheus(
    happened: tuple[f.Fact, ...], labels: dict[str, str], expected: tuple[str, str]
) -> None:
    found = judged(AlertFires(alert="LokiErrors", labels=labels, within_s="20s"), story(*happened))
    assert (found.outcome.value, found.reason) == expected
    assert ("nobody would have known" in found.because) == (found.reason == "rule_missing")
    assert ("observe" in found.decide) == (found.reason == "other_source")
