"""Rules that a reload takes away, brings back or replaces, and what the silence of an alert says then."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import alert, judged, rule, ruled

from harness import facts as f
from harness.expectations.alert_quiet import AlertQuiet

ALL, SLOW = AlertQuiet(alert="*"), AlertQuiet(alert="Slow")
OTHER = rule(4.0, rule="Other")
HERE = rule(4.0, expr="up == 0")


def gone(seen_s: float, **more: Any) -> f.RuleSeen:
    return rule(4.0, seen_s, **{"expr": "up == 0", "gone": True, **more})


def back(seen_s: float, **more: Any) -> f.RuleSeen:
    return rule(seen_s, seen_s, **{"expr": "up == 0", **more})


def came(claim: AlertQuiet, *rules: f.RuleSeen) -> tuple[str, str, str]:
    found = judged(claim, ruled(*rules))
    return found.outcome.value, found.reason, found.because


@pytest.mark.parametrize(
    "reloaded",
    [
        (back(29.99, group="h"), gone(30.0)),  # of one look, which tells what is new before what is gone
        (gone(30.0), back(30.1, group="h")),
        (back(29.99, expr="up < 1"), gone(30.0)),
        (back(29.99, labels={"team": "a"}), gone(30.0)),
    ],
)
def test_one_that_a_reload_replaces_goes_on_in_the_other_and_that_is_told(reloaded: tuple[f.RuleSeen, ...]) -> None:
    outcome, _, because = came(ALL, HERE, OTHER, *reloaded)
    assert outcome == "passed"
    assert "(2 rules evaluated, Slow replaced at 30.0 s)" in because
    outcome, _, because = came(SLOW, HERE, *reloaded)
    assert outcome == "passed"
    assert "(1 rule evaluated, Slow replaced at 30.0 s)" in because


def test_rules_that_are_changed_and_put_back_are_quiet_throughout() -> None:
    changed = {"expr": "up < 1"}
    facts = (HERE, back(29.99, **changed), gone(30.0), back(39.99), gone(40.0, **changed))
    assert came(SLOW, *facts)[:2] == ("passed", "met")


@pytest.mark.parametrize("later", [{}, {"group": "h"}])
def test_one_that_comes_back_later_is_open_of_the_time_between_alone(later: dict[str, str]) -> None:
    outcome, reason, because = came(ALL, HERE, OTHER, gone(30.0), back(33.0, **later))
    assert (outcome, reason) == ("inconclusive", "rule_missing")
    assert because.startswith(
        "the rule Slow was not loaded from 30.0 s to 33.0 s, so that its silence of then says nothing; of the others, any alert"
        " did not fire from 20.0 s to 50.0 s (1 rule evaluated all the time)"
    )
    outcome, reason, because = came(SLOW, HERE, gone(30.0), back(33.0, **later))
    assert (outcome, reason) == ("inconclusive", "rule_missing")
    assert "not loaded from 30.0 s to 33.0 s, so its silence of then says nothing" in because


def test_one_that_went_before_the_window_and_came_back_in_it_was_not_there_at_its_beginning() -> None:
    assert came(SLOW, HERE, gone(15.0), back(33.0))[:2] == ("inconclusive", "rule_missing")
    assert came(SLOW, HERE, gone(15.0), back(18.0))[:2] == ("passed", "met")
    assert came(SLOW, HERE, back(14.99, group="h"), gone(15.0))[:2] == ("passed", "met")


def test_one_that_stays_away_is_open_from_then_on() -> None:
    outcome, reason, because = came(ALL, HERE, OTHER, gone(30.0))
    assert (outcome, reason) == ("inconclusive", "rule_missing")
    assert because.startswith("the rule Slow was taken away at 30.0 s, so that its silence since says nothing")


@pytest.mark.parametrize(
    "stands",
    [
        (back(5.0, group="h"), back(30.2, group="h", health="unknown")),  # it stood before, and changed
        (rule(30.0, 30.0, rule="Slower"),),
        (rule(30.0, 30.0, labels={"severity": "ticket"}),),
    ],
)
def test_another_that_did_not_come_for_it_is_no_replacement(stands: tuple[f.RuleSeen, ...]) -> None:
    claim = AlertQuiet(alert="Slow*", labels={"severity": "page"})
    assert came(claim, HERE, OTHER, gone(30.0), *stands)[:2] == ("inconclusive", "rule_missing")


API: dict[str, Any] = {"group": "api", "labels": {"service": "api"}, "expr": 'latency{job="api"} > 1'}


@pytest.mark.parametrize(
    "other",
    [
        {"group": "web", "labels": {"service": "web"}, "expr": 'latency{job="web"} > 1'},
        {"group": "api", "labels": {"service": "web"}, "expr": 'latency{job="web"} > 1'},
        {"group": "web", "labels": {"service": "api"}, "expr": 'latency{job="web"} > 1'},
        {"group": "api", "labels": {"service": "api"}, "expr": 'latency{job="web"} > 1'},
    ],
)
@pytest.mark.parametrize("claim", [ALL, SLOW])
def test_a_rule_of_its_name_about_another_service_is_no_replacement(claim: AlertQuiet, other: dict[str, Any]) -> None:
    reloaded = (back(20.9, **other), gone(21.0, **API))
    assert came(claim, rule(4.0, **API), OTHER, *reloaded)[:2] == ("inconclusive", "rule_missing")


@pytest.mark.parametrize(
    "changed",
    [
        {"expr": 'latency{job="api"} > 2'},
        {"expr": 'latency{job=~"api|web"} > 1'},
        {"expr": 'latency{job="api", instance="a"} > 1'},
        {"group": "rest"},
        {"labels": {"service": "rest"}},
        {"group": "rest", "labels": {"service": "rest"}},
    ],
)
@pytest.mark.parametrize("claim", [ALL, SLOW])
def test_a_rule_that_asks_for_the_same_or_stands_in_its_place_replaces_it(
    claim: AlertQuiet, changed: dict[str, Any]
) -> None:
    outcome, _, because = came(claim, rule(4.0, **API), back(20.9, **{**API, **changed}), gone(21.0, **API))
    assert outcome == "passed"
    assert "(1 rule evaluated, Slow replaced at 21.0 s)" in because


def test_one_newcomer_stands_for_one_of_two_that_went() -> None:
    twins = (HERE, rule(4.0, expr="up < 1"))
    went = (gone(30.0), gone(30.0, expr="up < 1"))
    assert came(ALL, *twins, OTHER, back(29.99, group="h"), *went)[:2] == ("inconclusive", "rule_missing")
    both = (back(29.99, group="h"), back(29.99, group="h", expr="up < 1"))
    assert came(ALL, *twins, OTHER, *both, *went)[:2] == ("passed", "met")


def test_what_was_wrong_with_the_one_that_was_replaced_counts_and_its_successor_answers_for_itself() -> None:
    broken = rule(4.0, expr="up == 0", health="err", error="many-to-many")
    replaced = (back(29.99, expr="up < 1"), gone(30.0, health="err", error="many-to-many"))
    assert came(SLOW, broken, *replaced)[:2] == ("inconclusive", "rule_broken")
    outcome, _, because = came(ALL, broken, OTHER, *replaced)
    assert outcome == "passed"
    assert "Slow replaced at 30.0 s, 1 not all the time: Prometheus could not evaluate the rule Slow" in because
    never = (rule(None, 29.99, expr="up < 1", interval_s=90.0), gone(30.0))
    assert came(SLOW, HERE, *never)[:2] == ("inconclusive", "not_evaluated")


def test_one_that_is_loaded_first_in_the_window_says_nothing_of_the_time_before() -> None:
    outcome, reason, because = came(SLOW, OTHER, back(30.2))
    assert (outcome, reason) == ("inconclusive", "rule_missing")
    assert "but the rule Slow was loaded only at 30.2 s, so its silence before says nothing" in because
    assert came(AlertQuiet(alert="Slow*"), OTHER, back(30.2))[:2] == ("inconclusive", "rule_missing")


def test_one_that_could_never_fire_makes_no_newcomer_known_of_before() -> None:
    never = f.SelectorSeen(seen_s=92, selector="lost", metric="lost")
    found = judged(ALL, ruled(rule(4.0, rule="Other", expr="lost > 1"), back(30.2), never))
    assert (found.outcome.value, found.reason) == ("inconclusive", "rule_missing")
    assert "the rule Slow was loaded only at 30.2 s" in found.because


def test_one_that_is_loaded_beside_others_is_told() -> None:
    for claim, other in ((ALL, OTHER), (SLOW, rule(4.0, group="h"))):
        outcome, _, because = came(claim, other, back(30.2))
        assert outcome == "passed"
        assert "(2 rules evaluated, 1 loaded only at 30.2 s: Slow)" in because
    several = (back(30.2), back(33.2, rule="Later"))
    assert "(3 rules evaluated, 2 loaded only at 30.2 s or later: Slow, Later)" in came(ALL, OTHER, *several)[2]


def test_one_that_no_look_of_the_window_missed_was_there_all_the_time() -> None:
    for seen_s in (19.9, 20.2):
        outcome, _, because = came(SLOW, OTHER, back(seen_s))
        assert outcome == "passed"
        assert "(1 rule evaluated all the time)" in because


LOST = f.SelectorSeen(seen_s=92, selector="lost", metric="lost")
UNASKED = f.SelectorSeen(seen_s=92, selector="lost", metric="lost", why="timed out")
MENDED = (rule(4.0, expr="lost > 1"), back(47.99), gone(48.0, expr="lost > 1"))


@pytest.mark.parametrize(("of_lost", "reason"), [(LOST, "no_series"), (UNASKED, "not_watched")])
@pytest.mark.parametrize("claim", [ALL, SLOW])
def test_one_that_could_not_fire_until_a_reload_mended_it_says_nothing_of_before(
    claim: AlertQuiet, of_lost: f.SelectorSeen, reason: str
) -> None:
    found = judged(claim, ruled(*MENDED, of_lost))
    assert (found.outcome.value, found.reason) == ("inconclusive", reason)
    again = (back(48.99, expr="up < 1"), gone(49.0))
    assert judged(claim, ruled(*MENDED, *again, of_lost)).reason == reason


def test_until_when_it_could_not_fire_is_told_and_beside_others_it_is_as_one_that_never_could() -> None:
    found = judged(SLOW, ruled(*MENDED, LOST))
    assert "but the rule Slow, until 48.0 s, reads lost, which no series has" in found.because
    found = judged(ALL, ruled(*MENDED, LOST, OTHER))
    assert found.outcome.value == "passed"
    assert "(2 rules evaluated, Slow replaced at 48.0 s, 1 could not fire: Slow reads lost" in found.because


def test_one_that_a_reload_broke_and_another_put_back_could_not_fire_between() -> None:
    facts = (HERE, back(29.99, expr="lost > 1"), gone(30.0), back(39.99), gone(40.0, expr="lost > 1"), LOST)
    assert judged(ALL, ruled(*facts)).reason == "no_series"


def test_any_alert_is_open_where_the_one_rule_was_broken_until_a_reload() -> None:
    failing: dict[str, Any] = {"health": "err", "error": "many-to-many"}
    facts = (rule(4.0, expr="up == 0", **failing), back(47.99, expr="up < 1"), gone(48.0, **failing))
    assert came(ALL, *facts)[:2] == ("inconclusive", "rule_broken")


def test_one_that_came_in_the_window_is_new_whatever_a_reload_made_of_it() -> None:
    assert came(SLOW, OTHER, back(30.2), back(39.99, expr="up < 1"), gone(40.0))[:2] == ("inconclusive", "rule_missing")


@pytest.mark.parametrize("changed", [{"labels": {"team": "a"}}, {"group": "h"}, {"expr": "up == 7"}])
def test_one_replaced_before_its_pending_alert_was_due_may_have_fired(changed: dict[str, Any]) -> None:
    waits = {"for_s": 20.0}
    reload = (back(40.9, **waits, **changed), gone(41.0, **waits), alert("inactive", 41.0))
    found = judged(SLOW, ruled(rule(4.0, expr="up == 0", for_s=20.0), alert("pending", 22.0), *reload))
    assert (found.outcome.value, found.reason) == ("inconclusive", "rule_missing")
    assert "but the rule Slow, with a `for` of 20s, was replaced at 41.0 s, when Slow{" in found.because
    assert "} was pending since 22.0 s, so its silence since says nothing" in found.because
    found = judged(ALL, ruled(rule(4.0, expr="up == 0", for_s=20.0), OTHER, alert("pending", 22.0), *reload))
    assert (found.outcome.value, found.reason) == ("inconclusive", "rule_missing")
    assert (
        "of the others, any alert did not fire from 20.0 s to 50.0 s (1 rule evaluated all the time)" in found.because
    )


@pytest.mark.parametrize(
    "before",
    [
        (alert("pending", 22.0), alert("inactive", 39.0)),  # it had cleared
        (alert("pending", 31.0),),  # it was due after the window
        (alert("pending", 22.0, group="other"),),
        (alert("pending", 22.0, "Other"),),
    ],
)
def test_an_alert_that_the_replaced_rule_would_not_have_let_fire_leaves_nothing_open(
    before: tuple[f.Fact, ...],
) -> None:
    reload = (back(40.9, group="h", for_s=20.0), gone(41.0, for_s=20.0))
    assert judged(SLOW, ruled(rule(4.0, expr="up == 0", for_s=20.0), *before, *reload)).outcome.value == "passed"


def test_an_alert_that_the_claim_does_not_mean_leaves_nothing_open() -> None:
    reload = (back(40.9, group="h", for_s=20.0), gone(41.0, for_s=20.0))
    claim = AlertQuiet(alert="Slow", labels={"service": "web"})
    before = (rule(4.0, expr="up == 0", for_s=20.0), alert("pending", 22.0))
    assert judged(claim, ruled(*before, *reload)).outcome.value == "passed"
