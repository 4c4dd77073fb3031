"""Pages whose labels `alert_relabel_configs` dropped or rewrote: the alert behind each is known by its name and its start."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import SERVICE, alert, judged, looks, page, rule, ruled, story

from harness import facts as f
from harness.expectations.page_sent import PageSent
from harness.testing import journal_of
from harness.verdict import Finding

FULL = {**SERVICE, "pod": "api-1"}
CRITICAL = {**SERVICE, "severity": "critical"}
WARNING = {**SERVICE, "severity": "warning"}
SENT = [(FULL, FULL), (FULL, SERVICE), (CRITICAL, SERVICE)]


def found(*happened: f.Fact, then: bool = False, **more: Any) -> Finding:
    claim = PageSent(**{"receiver": "oncall", "alert": "Slow", "within_s": "20s", **more})
    return judged(claim, story(*happened), then=then)


def came_out(finding: Finding) -> tuple[str, str]:
    return finding.outcome.value, finding.reason


@pytest.mark.parametrize("claimed", [{}, {"severity": "page"}])
@pytest.mark.parametrize(("has", "sent"), SENT)
def test_an_alert_that_was_pending_before_the_fault_tells_nothing_whatever_its_page_bears(
    has: dict[str, str], sent: dict[str, str], claimed: dict[str, str]
) -> None:
    def pending(at_s: float) -> Finding:
        held = (alert("pending", at_s, labels=has, active_s=at_s), alert("firing", 27, labels=has, active_s=at_s))
        return found(*held, page(28, start_s=27, labels=sent), labels=claimed)

    assert came_out(pending(15.0)) == ("inconclusive", "pre_existing")
    assert came_out(pending(22.0)) == ("passed", "met")


@pytest.mark.parametrize(("has", "sent"), SENT)
def test_one_that_came_and_went_in_the_calm_tells_nothing_either(has: dict[str, str], sent: dict[str, str]) -> None:
    calm = [
        alert(state, at_s + gone, labels=has)
        for at_s in (11, 13, 15, 17, 19)
        for gone, state in enumerate(("firing", "inactive"))
    ]
    now = (alert("firing", 27, labels=has), page(28, start_s=27, labels=sent))
    assert came_out(found(*calm, *now)) == ("inconclusive", "pre_existing")
    assert came_out(found(*now)) == ("passed", "met")


@pytest.mark.parametrize(("has", "sent"), SENT)
def test_an_all_clear_after_the_rule_was_taken_away_says_nothing(has: dict[str, str], sent: dict[str, str]) -> None:
    def taken(*, gone: bool) -> Finding:
        known: dict[str, Any] = {"for_s": 5.0, "expr": "rate(errors_total[10s]) > 1"}
        away = [rule(39.0, 40.0, gone=True, **known)] if gone else []
        fired = (alert("firing", 27, labels=has, group="g"), page(28, labels=sent))
        clear = (alert("inactive", 40, labels=has, group="g"),)
        resolved = page(52, start_s=27, labels=sent, status="resolved", ends_s=40.0, delivery=2)
        claim = PageSent(alert="Slow", receiver="oncall", status="resolved", within_s="20s")
        return judged(claim, ruled(rule(4.0, **known), *fired, *away, *clear, resolved), then=True)

    assert came_out(taken(gone=True)) == ("inconclusive", "rule_missing")
    assert came_out(taken(gone=False)) == ("passed", "met")


def test_a_page_whose_rule_is_known_and_that_prometheus_never_fired_proves_nothing() -> None:
    other = found(page(28, start_s=27))
    assert came_out(other) == ("inconclusive", "other_source")
    assert "another source makes Slow" in other.because
    assert came_out(found(page(28, start_s=27, alert="Elsewhere"), alert="Elsewhere")) == ("passed", "met")
    unlooked = story(page(28, start_s=27), hole=(22, 45))
    claim = PageSent(alert="Slow", receiver="oncall", within_s="20s")
    assert came_out(judged(claim, unlooked)) == ("inconclusive", "not_watched"), "it may have been pending before"
    over = page(52, start_s=27, status="resolved", ends_s=51.0)
    assert came_out(found(over, then=True, status="resolved")) == ("inconclusive", "other_source")


def test_a_second_prometheus_may_have_evaluated_the_rule_an_interval_earlier() -> None:
    slow = rule(5.0, interval_s=15.0)
    twin = page(24, start_s=23)
    claim = PageSent(alert="Slow", receiver="oncall", within_s="20s")
    assert came_out(judged(claim, ruled(slow, alert("firing", 35), twin))) == ("passed", "met")


def test_the_way_of_a_page_with_a_rewritten_severity_is_followed_to_where_it_ended() -> None:
    def ended(*others: f.Fact) -> Finding:
        held = f.AlertRouted(
            seen_s=27.6, alert="Slow", state="active", labels=SERVICE, fingerprint="c", receivers=("oncall",)
        )
        journal = journal_of(*story(alert("firing", 27, labels=CRITICAL), held, *others).facts, *looks("silences"))
        claim = PageSent(alert="Slow", receiver="oncall", within_s="20s", labels={"severity": "page"})
        return judged(claim, journal)

    assert came_out(ended()) == ("failed", "not_delivered")
    twin = f.AlertRouted(
        seen_s=14, alert="Slow", state="active", labels=WARNING, fingerprint="w", receivers=("tickets",)
    )
    early = ended(alert("firing", 13, labels=WARNING), twin)
    assert came_out(early) == ("failed", "not_delivered"), "the warning is another alert, sent as it is"
    assert dict(early.details)["firing"] == "done: since 27.0 s"
