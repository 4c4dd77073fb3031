"""Labels that Prometheus puts on what it sends: pages bear them, the alerts in its own API do not."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import SERVICE, alert, judged, looks, page, story

from harness import facts as f
from harness.expectations.alert_fires import AlertFires
from harness.expectations.page_sent import PageSent
from harness.testing import journal_of

SENT = {**SERVICE, "cluster": "prod"}
FIRED = (alert("pending", 24), alert("firing", 29))


def held(state: str = "active", labels: dict[str, str] | None = None, **more: Any) -> f.AlertRouted:
    given = SENT if labels is None else labels
    return f.AlertRouted(
        seen_s=30, alert="Slow", state=state, labels=given, fingerprint="a", receivers=("oncall",), **more
    )


@pytest.mark.parametrize(
    ("happened", "outcome", "reason"),
    [
        ((*FIRED, held("suppressed", inhibited_by=("d",))), "failed", "suppressed"),
        ((*FIRED, held()), "failed", "not_delivered"),
        (FIRED, "failed", "fired_not_routed"),
        (FIRED[:1], "failed", "pending_only"),
        ((), "failed", "missed"),
        ((*FIRED, held(labels=SERVICE)), "failed", "missed"),
        ((*FIRED, held(labels={**SERVICE, "cluster": "test"})), "failed", "missed"),
        ((alert("firing", 12),), "inconclusive", "pre_existing"),
        ((*FIRED, page(30.2, start_s=29, labels=SENT)), "passed", "met"),
    ],
)
def test_a_page_is_followed_by_the_labels_that_its_alert_has_in_prometheus(
    happened: tuple[f.Fact, ...], outcome: str, reason: str
) -> None:
    claim = PageSent.model_validate(
        {"alert": "Slow", "receiver": "oncall", "labels": {"cluster": "prod", "service": "api"}, "within": "20s"}
    )
    found = judged(claim, journal_of(*story(*happened).facts, *looks("silences")))
    assert (found.outcome.value, found.reason) == (outcome, reason)


def links(*happened: f.Fact) -> list[str]:
    return [name for name, _ in judged(AlertFires(alert="Slow"), story(*happened)).details]


def test_the_chain_of_an_alert_goes_to_its_page_whatever_labels_it_was_sent_with() -> None:
    assert "fired → page" in links(*FIRED, page(30.2, start_s=29, labels=SENT))
    assert "fired → page" in links(*FIRED, page(30.2, start_s=29))
    assert "fired → page" in links(*FIRED, page(30.2, start_s=29, labels={"service": "api", "cluster": "prod"}))
    assert "fired → page" not in links(*FIRED, page(36.2, start_s=35, labels={"service": "api", "cluster": "prod"}))
    assert "fired → page" not in links(*FIRED, page(36.2, start_s=35, labels={"service": "db"}))


def test_of_two_alerts_whose_labels_a_page_bears_it_is_about_the_one_with_more() -> None:
    general = [alert("pending", 24, labels={"service": "api"}), alert("firing", 28, labels={"service": "api"})]
    found = links(*general, alert("firing", 29), page(30.2, start_s=29, labels=SENT))
    assert "fired → page" not in found
