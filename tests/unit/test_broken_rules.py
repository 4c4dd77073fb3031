"""A rule that Prometheus could not evaluate for a while, or that was taken away: what its silence says, and that of the others."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from alert_stories import alert, judged, rule, ruled

from harness import facts as f
from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.expectations.base import Expectation
from harness.expectations.page_sent import PageSent

QUIET = AlertQuiet(alert="Slow")
FIRES = AlertFires(alert="Slow", within_s="19s")
PAGE = PageSent(alert="Slow", receiver="oncall", within_s="19s")


def failing(from_s: float, until_s: float | None) -> tuple[f.RuleSeen, ...]:
    """Its first evaluation that failed, and the first that did not."""
    why = {"health": "err", "error": "many-to-many matching not allowed"}
    back = () if until_s is None else (rule(until_s, until_s + 0.3, for_s=5.0),)
    return rule(4.0, for_s=5.0), rule(from_s, from_s + 0.3, for_s=5.0, **why), *back


@pytest.mark.parametrize(
    ("claim", "stretch", "came"),
    [
        (QUIET, (21.9, 48.9), ("inconclusive", "rule_broken")),
        (QUIET, (30.0, 31.0), ("inconclusive", "rule_broken")),
        (QUIET, (12.0, None), ("inconclusive", "rule_broken")),
        (QUIET, (12.0, 20.5), ("passed", "met")),  # it was evaluated at 19.5 s in vain, and in the window never
        (QUIET, (50.4, 60.0), ("passed", "met")),
        (FIRES, (21.9, 38.9), ("failed", "rule_broken")),
        (FIRES, (25.0, 33.0), ("failed", "rule_broken")),  # neither 4 s nor 6 s are enough for `for` and its waits
        (FIRES, (12.0, 23.0), ("failed", "missed")),
        (FIRES, (38.0, None), ("failed", "missed")),
        (PAGE, (21.9, 38.9), ("failed", "rule_broken")),
        (PAGE, (12.0, 23.0), ("failed", "missed")),
    ],
)
def test_silence_is_put_down_to_a_broken_rule_where_that_may_have_made_it(
    claim: Expectation, stretch: tuple[float, float | None], came: tuple[str, str]
) -> None:
    found = judged(claim, ruled(*failing(*stretch)))
    assert (found.outcome.value, found.reason) == came
    assert ("many-to-many" in found.because) == (came[1] == "rule_broken")


def test_it_says_for_how_long_and_cites_the_first_look_that_told_so() -> None:
    journal = ruled(*failing(21.9, 48.9))
    found = judged(QUIET, journal)
    assert "could not evaluate the rule Slow from 21.9 s to 48.9 s: many-to-many matching" in found.because
    assert journal.of(f.RuleSeen)[1].cite in found.cites


def test_a_broken_rule_of_the_same_name_with_other_labels_is_not_what_kept_a_page_back() -> None:
    page = PageSent(alert="Slow", labels={"severity": "page"}, within_s="19s")
    sound = rule(4.0, labels={"severity": "page"}, expr="up == 2")
    ticket: dict[str, Any] = {"labels": {"severity": "ticket"}, "expr": "a / b"}
    broken = rule(4.0, health="err", error="many-to-many matching not allowed", **ticket)
    found = judged(page, ruled(sound, broken))
    assert (found.outcome.value, found.reason) == ("failed", "rule_impossible"), found.because


def test_whether_a_rule_had_time_is_told_by_its_own_for_and_not_by_that_of_its_name() -> None:
    page, ticket = {"severity": "page"}, rule(4.0, for_s=60.0, labels={"severity": "ticket"}, expr="vector(0)")
    fires = AlertFires(alert="Slow", labels=page, within_s="19s")
    mine = [dataclasses.replace(one, labels=page) for one in failing(12.0, 23.0)]
    found = judged(fires, ruled(ticket, *mine))
    assert (found.outcome.value, found.reason) == ("failed", "missed"), found.because


def test_what_fired_all_the_same_fails_the_quiet() -> None:
    found = judged(QUIET, ruled(*failing(21.9, 30.0), alert("firing", 36)))
    assert (found.outcome.value, found.reason) == ("failed", "collateral")


ANY = AlertQuiet(alert="*")
OTHER = rule(4.0, rule="Other")


def test_one_broken_rule_of_many_is_told_and_leaves_the_quiet_of_the_others() -> None:
    found = judged(ANY, ruled(OTHER, *failing(30.0, 31.0)))
    assert (found.outcome.value, found.reason) == ("passed", "met")
    assert (
        "(2 rules evaluated, 1 not all the time: Prometheus could not evaluate the rule Slow from 30.0 s to 31.0 s: many-to-many"
        in found.because
    )


def test_where_no_rule_was_sound_all_the_time_the_quiet_of_all_is_open() -> None:
    found = judged(ANY, ruled(*failing(30.0, 31.0)))
    assert (found.outcome.value, found.reason) == ("inconclusive", "rule_broken")
    reads = f.SelectorSeen(seen_s=92, selector="nothing_here", metric="nothing_here")
    blind = rule(4.0, rule="Other", expr="nothing_here > 1")
    found = judged(ANY, ruled(blind, reads, *failing(30.0, 31.0)))
    assert (found.outcome.value, found.reason) == ("inconclusive", "no_series")
    assert "the rule Other reads nothing_here" in found.because


PAGES = {"severity": "page"}


@pytest.mark.parametrize("claim", [ANY, AlertQuiet(alert="*", labels=PAGES), AlertQuiet(alert="S*")])
def test_a_rule_of_many_that_was_taken_away_leaves_the_quiet_open_about_itself_alone(claim: AlertQuiet) -> None:
    mine: dict[str, Any] = {"rule": "Sold", "labels": PAGES}
    journal = ruled(rule(4.0), rule(4.0, rule="Shown"), rule(4.0, **mine), rule(4.0, 30.0, gone=True, **mine))
    found = judged(claim, journal)
    assert (found.outcome.value, found.reason) == ("inconclusive", "rule_missing")
    assert found.because.startswith(
        'the rule Sold{severity="page"} was taken away at 30.0 s, so that its silence since says nothing; of the others, '
    )
    assert "did not fire from 20.0 s to 50.0 s (2 rules evaluated all the time)" in found.because
    assert journal.of(f.RuleSeen, gone=True)[0].cite in found.cites


def test_what_the_others_could_not_tell_is_theirs_whichever_went() -> None:
    went = (rule(4.0, rule="Sold"), rule(4.0, 30.0, rule="Sold", gone=True))
    found = judged(ANY, ruled(*went, *failing(30.0, 31.0)))
    assert (found.outcome.value, found.reason) == ("inconclusive", "rule_broken")
    found = judged(ANY, ruled(*went))
    assert (found.outcome.value, found.reason) == ("inconclusive", "rule_missing")
    assert (
        found.because
        == "any alert did not fire, but the rule Sold was taken away at 30.0 s, so its silence since says nothing"
    )


def test_a_rule_that_came_back_was_not_there_all_the_time() -> None:
    away = (rule(4.0, rule="Sold"), rule(4.0, 30.0, rule="Sold", gone=True), rule(32.0, 33.0, rule="Sold"))
    found = judged(ANY, ruled(OTHER, *away))
    assert (found.outcome.value, found.reason) == ("inconclusive", "rule_missing")
    assert "the rule Sold was not loaded from 30.0 s to 33.0 s" in found.because
    assert "(1 rule evaluated all the time)" in found.because
    assert judged(AlertQuiet(alert="*", allow=("Sold",)), ruled(OTHER, *away)).outcome.value == "passed"
