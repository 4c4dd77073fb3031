"""alert_fires, alert_clears and alert_quiet: each way in which an alert can come, stay away or be somebody else's."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import SERVICE, alert, judged, looks, page, rule, ruled, story

from harness import facts as f
from harness.expectations.alert_clears import AlertClears
from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.expectations.base import Reach
from harness.testing import journal_of, series_of
from harness.verdict import Finding

FIRES = AlertFires(alert="Slow", labels={"severity": "page"}, within_s="15s")
CLEARS = AlertClears(alert="Slow", within_s="10s")


def came_out(finding: Finding) -> tuple[str, str]:
    return finding.outcome.value, finding.reason


# --- alert_fires --------------------------------------------------------------------------------------------------------------


def test_an_alert_that_fires_in_time_passes_with_its_time_since_the_fault_and_its_floor() -> None:
    found = judged(FIRES, story(alert("pending", 24), alert("firing", 29)))
    assert came_out(found) == ("passed", "met")
    assert found.measure is not None
    assert (found.measure.low, found.measure.high) == (7.8, 8.0)  # since it was read back as on, since it was asked for
    assert "9.0 s after the beginning of 'hurt' (limit 15s)" in found.because
    assert "could not in less than 5–8 s (scrape 2 s, evaluation 1 s, for 5 s)" in found.because


def test_where_several_rules_make_one_alert_the_floor_is_that_of_the_one_that_fired() -> None:
    both = (rule(4.0, group="quick", for_s=2.0), rule(4.0, group="slow", for_s=300.0))
    found = judged(FIRES, ruled(*both, alert("pending", 24, group="quick"), alert("firing", 26, group="quick")))
    assert "could not in less than 2–5 s (scrape 2 s, evaluation 1 s, for 2 s)" in found.because


@pytest.mark.parametrize(
    ("happened", "outcome", "reason"),
    [
        ((alert("pending", 24),), "failed", "pending_only"),
        ((alert("firing", 36),), "failed", "late"),
        ((), "failed", "missed"),
        ((alert("firing", 12),), "inconclusive", "pre_existing"),
        ((alert("firing", 20.5),), "inconclusive", "pre_existing"),  # in the phase, but before the fault
        ((alert("firing", 12), alert("inactive", 25), alert("firing", 30)), "inconclusive", "pre_existing"),
        ((alert("firing", 12), alert("inactive", 18), alert("firing", 30)), "passed", "met"),
        ((alert("firing", 25, labels={"severity": "ticket"}),), "failed", "wrong_labels"),
        ((alert("firing", 25, labels={}),), "failed", "wrong_labels"),
        ((alert("firing", 25, name="Other"),), "failed", "missed"),
    ],
)
def test_every_other_way_has_its_own_reason(happened: tuple[f.Fact, ...], outcome: str, reason: str) -> None:
    assert came_out(judged(FIRES, story(*happened))) == (outcome, reason)


def test_an_alert_about_another_service_is_told_from_one_with_other_labels() -> None:
    claim = AlertFires(alert="Slow", labels={"service": "db"}, within_s="15s")
    found = judged(claim, story(alert("firing", 27)))
    assert came_out(found) == ("failed", "other_service")
    assert "service is 'api', not 'db'" in found.because


def test_without_its_rule_the_claim_fails_and_says_that_nobody_would_have_known() -> None:
    found = judged(FIRES, story(but=(f.RuleSeen,)))
    assert came_out(found) == ("failed", "rule_missing")
    taken_away = f.RuleSeen(seen_s=15, rule="Slow", group="g", for_s=5.0, interval_s=1.0, health="ok", gone=True)
    assert came_out(judged(FIRES, story(taken_away))) == ("failed", "rule_missing")


def test_a_rule_whose_own_for_is_longer_than_the_time_tells_nobody_in_it() -> None:
    claim = AlertFires(alert="Slow", within_s="4s")
    found = judged(claim, story(alert("firing", 29)))
    assert came_out(found) == ("failed", "rule_too_slow")
    assert "no fault could have made it: `for` of the rule Slow is 5s" in found.because


def test_a_time_that_only_whole_evaluations_leave_too_short_decides_nothing() -> None:
    """`for` of 5 s is 6 s in evaluations 3 s apart."""
    claim = AlertFires(alert="Slow", within_s="5500ms")
    found = judged(claim, ruled(rule(4.0, for_s=5.0, interval_s=3.0)))
    assert came_out(found) == ("inconclusive", "below_floor")


def test_after_a_phase_a_rule_may_have_held_before_the_time_began() -> None:
    found = judged(AlertFires(alert="Slow", within_s="4s"), story(alert("pending", 49.5)), then=True)
    assert came_out(found) != ("failed", "rule_too_slow")


@pytest.mark.parametrize(
    ("rules", "happened"),
    [
        ((rule(interval_s=60.0),), ()),  # loaded, and never evaluated
        ((rule(5.0, interval_s=60.0),), ()),  # the next would be at 65 s
        ((rule(5.0, interval_s=60.0),), (alert("firing", 65),)),
        ((rule(5.0, interval_s=60.0), rule(8.0, group="h", labels={"severity": "ticket"})), ()),
    ],
)
def test_a_rule_that_was_not_evaluated_in_the_time_decides_nothing(
    rules: tuple[f.RuleSeen, ...], happened: tuple[f.Fact, ...]
) -> None:
    found = judged(FIRES, ruled(*rules, *happened))
    assert came_out(found) == ("inconclusive", "not_evaluated")
    assert "Prometheus did not evaluate Slow between 21.0 s and 35.0 s (it does so every 60 s)" in found.because
    assert "longer than the group's interval of 1m" in found.decide


@pytest.mark.parametrize("evaluated_s", [15.0, 34.9 - 60.0, 21.5])
def test_a_rule_that_was_evaluated_in_the_time_and_did_not_fire_missed_the_fault(evaluated_s: float) -> None:
    interval_s = 15.0 if evaluated_s == 15.0 else 60.0
    found = judged(FIRES, ruled(rule(evaluated_s, interval_s=interval_s)))
    assert came_out(found) == ("failed", "missed")


@pytest.mark.parametrize(
    ("happened", "outcome", "reason"),
    [
        ((alert("pending", 18, active_s=18.0), alert("firing", 23, active_s=18.0)), "inconclusive", "pre_existing"),
        ((alert("pending", 18), alert("firing", 23)), "inconclusive", "pre_existing"),
        ((alert("firing", 23, active_s=20.5),), "inconclusive", "pre_existing"),  # in the phase, but before the fault
        ((alert("pending", 18), alert("inactive", 20), alert("pending", 22), alert("firing", 27)), "passed", "met"),
        ((alert("pending", 18), alert("inactive", 20), alert("firing", 27)), "passed", "met"),
        ((alert("pending", 18, active_s=18.0), alert("firing", 25, active_s=22.0)), "passed", "met"),
        (
            (
                alert("pending", 18, labels={**SERVICE, "instance": "a"}),
                alert("firing", 23, labels={**SERVICE, "instance": "a"}),
                alert("firing", 27, labels={**SERVICE, "instance": "b"}),
            ),
            "passed",
            "met",
        ),
    ],
)
def test_an_alert_that_was_pending_before_the_fault_detects_nothing(
    happened: tuple[f.Fact, ...], outcome: str, reason: str
) -> None:
    assert came_out(judged(FIRES, story(*happened))) == (outcome, reason)


def test_what_was_pending_is_said_and_counts_after_a_phase_and_over_the_whole_run() -> None:
    before = (alert("pending", 18, active_s=18.0), alert("firing", 23, active_s=18.0))
    assert "was pending already since 18.0 s, before 21.0 s" in judged(FIRES, story(*before)).because
    assert came_out(judged(FIRES, story(*before), "")) == ("passed", "met")
    after = (alert("pending", 48, active_s=48.0), alert("firing", 53, active_s=48.0))
    assert came_out(judged(FIRES, story(*after), then=True)) == ("passed", "met")


def anew_each_second(first_s: int, last_s: int, of: str = "{}") -> list[f.Fact]:
    """An alert that fires all the time, under another label at each evaluation: none of them fires for longer than a second."""
    found: list[f.Fact] = []
    for at_s in range(first_s, last_s):
        here = {**SERVICE, "current": of.format(at_s)}
        found += [alert("firing", at_s, labels=here), alert("inactive", at_s + 1, labels=here)]
    return found


@pytest.mark.parametrize("claimed", [{}, {"severity": "page"}])
def test_an_alert_that_fired_under_another_value_before_the_fault_detects_nothing(claimed: dict[str, str]) -> None:
    by_value = rule(4.0, labels={"severity": "page", "current": "{{ $value | humanize }}"})
    claim = AlertFires(alert="Slow", labels=claimed, within_s="15s")
    found = judged(claim, ruled(by_value, *anew_each_second(12, 48)))
    assert came_out(found) == ("inconclusive", "pre_existing")
    assert "was firing already since 21.0 s" in found.because
    assert came_out(judged(claim, ruled(by_value, *anew_each_second(25, 48)))) == ("passed", "met")


def test_labels_that_come_from_the_series_tell_alerts_apart_however_the_rule_writes_them() -> None:
    by_label = rule(4.0, labels={"severity": "page", "current": "{{ $labels.pod }}"})
    happened = (
        alert("firing", 12, labels={**SERVICE, "current": "a"}),
        alert("firing", 25, labels={**SERVICE, "current": "b"}),
    )
    assert came_out(judged(FIRES, ruled(by_label, *happened))) == ("passed", "met")


def test_a_severity_that_rises_with_the_value_is_a_detection_where_it_is_claimed() -> None:
    by_value = rule(4.0, labels={"severity": "{{ if gt $value 0.5 }}page{{ else }}ticket{{ end }}"})
    happened = (alert("firing", 12, labels={"severity": "ticket"}), alert("firing", 25, labels={"severity": "page"}))
    assert came_out(judged(FIRES, ruled(by_value, *happened))) == ("passed", "met")
    anyhow = AlertFires(alert="Slow", within_s="15s")
    assert came_out(judged(anyhow, ruled(by_value, *happened))) == ("inconclusive", "pre_existing")


@pytest.mark.parametrize(
    ("rules", "active_s", "outcome", "reason"),
    [
        ((rule(interval_s=15.0), rule(30.0, 30.5, interval_s=15.0)), 30.0, "inconclusive", "not_evaluated"),
        ((rule(interval_s=5.0), rule(25.0, 25.5, interval_s=5.0)), 30.0, "passed", "met"),  # not true at its first
        ((rule(interval_s=5.0), rule(20.0, 20.5, interval_s=5.0)), 30.0, "passed", "met"),
    ],
)
def test_an_alert_found_at_the_first_evaluation_of_its_rule_may_have_held_before_the_fault(
    rules: tuple[f.RuleSeen, ...], active_s: float, outcome: str, reason: str
) -> None:
    found = judged(FIRES, ruled(*rules, alert("firing", active_s, active_s=active_s)))
    assert came_out(found) == (outcome, reason)
    assert outcome == "passed" or "nobody knows how it was before 21.0 s" in found.because


@pytest.mark.parametrize(
    ("restarted_s", "outcome", "reason"),
    [(25.0, "passed", "met"), (15.0, "inconclusive", "not_evaluated")],
)
def test_a_prometheus_that_starts_again_after_the_fault_knew_before_it_that_the_alert_did_not_hold(
    restarted_s: float, outcome: str, reason: str
) -> None:
    again = (rule(seen_s=restarted_s, interval_s=15.0), rule(30.0, 30.5, interval_s=15.0))
    found = judged(FIRES, ruled(rule(4.0, interval_s=15.0), *again, alert("firing", 30.0, active_s=30.0)))
    assert came_out(found) == (outcome, reason)


@pytest.mark.parametrize(
    ("active_s", "outcome", "reason"),
    [(20.8, "passed", "met"), (20.7, "inconclusive", "pre_existing"), (20.0, "inconclusive", "pre_existing")],
)
def test_an_alert_pending_a_clock_s_difference_before_the_fault_detects_it(
    active_s: float, outcome: str, reason: str
) -> None:
    found = judged(FIRES, story(alert("pending", active_s), alert("firing", 26.0, active_s=active_s)))
    assert came_out(found) == (outcome, reason)


def test_a_rule_that_cannot_be_evaluated_is_said_to_be_broken_and_a_pattern_means_what_was_pending() -> None:
    found = judged(FIRES, ruled(rule(4.0, health="err", error="many-to-many")))
    assert came_out(found) == ("failed", "rule_broken")
    assert "many-to-many" in found.because
    ticket = rule(4.0, group="h", labels={"severity": "ticket"}, health="err", error="many-to-many")
    assert came_out(judged(FIRES, ruled(rule(4.0), ticket))) == ("failed", "missed"), "another severity's"
    pattern = AlertFires(alert="Sl*", within_s="15s")
    assert came_out(judged(pattern, story(alert("pending", 24)))) == ("failed", "pending_only")


SEVERITIES = (
    rule(4.0, group="a", for_s=3.0, labels={"severity": "ticket"}),
    rule(4.0, group="b", for_s=300.0, labels={"severity": "page"}),
)


def test_of_two_severities_under_one_name_the_claimed_one_is_meant() -> None:
    assert came_out(judged(FIRES, ruled(*SEVERITIES, alert("pending", 24)))) == ("failed", "rule_too_slow")
    ticket = AlertFires(alert="Slow", labels={"severity": "ticket"}, within_s="15s")
    assert came_out(judged(ticket, ruled(*SEVERITIES))) == ("failed", "missed")
    info = AlertFires(alert="Slow", labels={"severity": "info"}, within_s="15s")
    found = judged(info, ruled(*SEVERITIES))
    assert came_out(found) == ("failed", "rule_missing")
    assert "severity is 'page', 'ticket' there" in found.because


def test_before_the_run_too_the_claimed_severity_is_meant() -> None:
    reach = Reach(window_s=30, arrivals=1, timeout_s=1, alerts=SEVERITIES, history_s=60)
    assert "`for` of 5m" in FIRES.doubtful(reach)
    assert not AlertFires(alert="Slow", labels={"severity": "ticket"}, within_s="15s").doubtful(reach)
    info = AlertFires(alert="Slow", labels={"severity": "info"}, within_s="15s").doubtful(reach)
    assert 'no alert Slow{severity="info"}; there are Slow{severity="ticket"}, Slow{severity="page"}' in info


def test_nobody_looking_is_inconclusive_but_what_was_seen_in_time_was_seen() -> None:
    assert came_out(judged(FIRES, story(hole=(22, 34)))) == ("inconclusive", "not_watched")
    assert came_out(judged(FIRES, story(alert("firing", 25), hole=(30, 45)))) == ("passed", "met")
    blinded = f.Blinded(seen_s=28, probe="alerts", target="", error="no answer")
    assert came_out(judged(FIRES, story(blinded))) == ("inconclusive", "not_watched")


def test_a_stack_without_prometheus_is_inconclusive_and_says_how_to_name_one() -> None:
    found = judged(FIRES, story(but=(f.MonitoringFound,)))
    assert came_out(found) == ("inconclusive", "no_prometheus")
    assert "stack: {observe: {prometheus: SERVICE:PORT}}" in found.decide


def test_before_the_time_is_up_nothing_is_decided() -> None:
    whole = story(alert("firing", 27))
    assert came_out(judged(FIRES, whole.cut(34.9))) == ("inconclusive", "window_open")
    assert came_out(judged(FIRES, whole.cut(19))) == ("inconclusive", "not_begun")


def test_a_time_beyond_its_phase_could_never_be_and_a_stack_without_prometheus_is_said_at_plan_time() -> None:
    assert "15s" in FIRES.undecidable(Reach(window_s=10, arrivals=1, timeout_s=1))
    assert not FIRES.undecidable(Reach(window_s=20, arrivals=1, timeout_s=1))
    here = {"prometheus": "p:9090", "alertmanager": "", "why": ""}
    assert not FIRES.unseen(Reach(window_s=20, arrivals=1, timeout_s=1, monitoring=here))
    assert not FIRES.unseen(Reach(window_s=20, arrivals=1, timeout_s=1))
    gone = {"prometheus": "", "alertmanager": "", "why": "no service is known to be it"}
    assert "no service is known" in FIRES.unseen(Reach(window_s=20, arrivals=1, timeout_s=1, monitoring=gone))


FIRED = (alert("pending", 24), alert("firing", 29))


def replayed(**more: Any) -> f.ReplaySeen:
    values: dict[str, Any] = {
        "alert": "Slow",
        "phase": "hurt",
        "labels": {"severity": "page"},
        "rehearsed_after_s": 8.0,
        **more,
    }
    return f.ReplaySeen(
        seen_s=92, history_s=3606.0, recorded_s=28.8, extended_s=3605.0, grain_s=3.0, tool="promtool", **values
    )


@pytest.mark.parametrize(
    ("facts", "outcome", "reason"),
    [
        ((replayed(after_s=100.0),), "passed", "met"),
        ((replayed(after_s=119.0),), "inconclusive", "too_near"),
        ((replayed(after_s=518.0),), "failed", "production_late"),
        ((replayed(),), "failed", "production_late"),
        ((replayed(held_before=True),), "inconclusive", "pre_existing"),
        ((replayed(after_s=100.0, rehearsed_after_s=None),), "inconclusive", "not_replayed"),
        ((replayed(after_s=100.0, rehearsed_after_s=4.7),), "inconclusive", "not_replayed"),
        ((replayed(after_s=100.0, rehearsed_after_s=11.1),), "inconclusive", "not_replayed"),
        ((replayed(after_s=518.0, rehearsed_after_s=0.0),), "inconclusive", "not_replayed"),
        ((replayed(after_s=100.0, rehearsed_after_s=4.9),), "passed", "met"),  # 7.8 s less a scrape and an evaluation
        ((replayed(why="no promtool"),), "inconclusive", "not_replayed"),
        ((replayed(after_s=100.0, labels={"severity": "ticket"}),), "inconclusive", "not_replayed"),
        ((), "inconclusive", "not_replayed"),
    ],
)
def test_the_time_with_a_full_history_is_judged_where_the_claim_asks(
    facts: tuple[f.Fact, ...], outcome: str, reason: str
) -> None:
    claim = AlertFires(alert="Slow", labels={"severity": "page"}, within_s="15s", production_equivalent_s="2m")
    assert came_out(judged(claim, story(*FIRED, *facts))) == (outcome, reason)


def test_the_time_with_a_full_history_is_said_beside_that_of_the_rehearsal() -> None:
    found = judged(FIRES, story(*FIRED, replayed(after_s=518.2)))
    assert came_out(found) == ("passed", "met")
    assert "with 60m6s of clean history before the fault it takes 518.2 s" in found.because
    assert "does not fire within" in judged(FIRES, story(*FIRED, replayed())).because
    assert dict(found.details)["replayed"].startswith("8.0 s after the fault")
    held = judged(FIRES, story(*FIRED, replayed(held_before=True)))
    assert came_out(held) == ("passed", "met")
    assert "with 60m6s of clean history before the fault it fires, or is pending, already before it" in held.because


def test_a_replay_that_shows_another_alert_than_the_run_did_says_nothing_of_production() -> None:
    found = judged(FIRES, story(*FIRED, replayed(after_s=518.2, rehearsed_after_s=0.0)))
    assert "clean history" not in found.because
    assert dict(found.details)["in production"] == (
        "not known: replayed with this run's own history it fires 0.0 s after the fault, where it fired 7.8–8 s after it (± 3 s)"
    )


def test_each_link_from_the_fault_to_the_page_is_told_with_its_owner_and_what_its_intervals_allow() -> None:
    sent = page(31.5, start_s=29)
    found = judged(FIRES, story(alert("pending", 24, active_s=24.0), alert("firing", 29, active_s=24.0), sent))
    told = dict(found.details)
    assert list(told) == ["effect → sample", "sample → active", "active → fired", "fired → page"]
    assert told["effect → sample"].startswith("0.00 to 2.20 s (instrumentation): by its intervals 0 to 2 s, scrape 2 s")
    assert told["active → fired"] == "5.00 s (for): by its intervals 5 to 5 s, for 5 s"
    assert told["fired → page"] == (
        "2.50 s (routing): by its intervals 1 to 2 s, group_wait 1 s; 0.50 s or more are more than its intervals explain"
    )


def test_the_real_scrapes_narrow_the_first_link() -> None:
    scraped = series_of({"up": [({"job": "api", "instance": "a"}, [(19.4, 1), (21.4, 1), (23.4, 1)])]})
    found = judged(FIRES, story(*FIRED), series=scraped)
    assert dict(found.details)["effect → sample"].startswith("0.20 to 0.40 s")


@pytest.mark.parametrize(
    ("claim", "outcome", "reason"),
    [
        (FIRES, "failed", "flapping"),
        (AlertFires(alert="Slow", within_s="15s", flaps=1), "passed", "met"),
    ],
)
def test_an_alert_that_fires_anew_in_the_phase_flaps(claim: AlertFires, outcome: str, reason: str) -> None:
    again = (*FIRED, alert("inactive", 33), alert("firing", 45))
    assert came_out(judged(claim, story(*again))) == (outcome, reason)
    assert came_out(judged(claim, story(*again).cut(40))) == ("inconclusive", "window_open")


def test_an_alert_flaps_under_whatever_label_it_comes_back_and_one_that_only_changes_its_label_does_not() -> None:
    valued = rule(4.0, labels={"value": "{{ $value }}"})

    def fired(from_s: float, until_s: float, value: str) -> tuple[f.AlertChanged, ...]:
        labels = {**SERVICE, "value": value}
        return alert("firing", from_s, labels=labels), alert("inactive", until_s, labels=labels)

    flapping = [change for n in range(3) for change in fired(27 + 4 * n, 29 + 4 * n, str(n))]
    lasting = [change for n in range(20) for change in fired(27 + n, 28 + n, str(n))]
    assert came_out(judged(FIRES, ruled(valued, *flapping))) == ("failed", "flapping")
    assert came_out(judged(FIRES, ruled(valued, *lasting))) == ("passed", "met")


def test_an_alert_that_fires_where_no_fault_is_on_is_false_and_one_in_the_settling_is_collateral() -> None:
    claim = AlertQuiet(alert="Slow")
    assert came_out(judged(claim, story(alert("firing", 15)), "")) == ("failed", "false_alarm")
    assert came_out(judged(claim, story(alert("firing", 60)), "")) == ("failed", "collateral")
    assert came_out(judged(claim, story(alert("firing", 85)), "")) == ("failed", "false_alarm")
    assert "none seen in 30s excludes more than 360 per hour at 95 %" in judged(claim, story()).because


# --- alert_clears -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("happened", "outcome", "reason"),
    [
        ((alert("firing", 29), alert("inactive", 55)), "passed", "met"),
        ((alert("firing", 29), alert("inactive", 48)), "passed", "met"),  # before the phase ended
        ((alert("firing", 29), alert("inactive", 65)), "failed", "late"),
        ((alert("firing", 29),), "failed", "never_resolved"),
        ((alert("firing", 29), alert("inactive", 53), alert("firing", 58)), "failed", "flapping"),
        (
            (alert("firing", 29), alert("inactive", 53), alert("firing", 58), alert("inactive", 66)),
            "failed",
            "flapping",
        ),
        ((alert("firing", 29), alert("inactive", 52), alert("firing", 54), alert("inactive", 57)), "passed", "met"),
        ((), "inconclusive", "never_fired"),
        ((alert("firing", 5), alert("inactive", 15)), "inconclusive", "never_fired"),
    ],
)
def test_an_alert_has_cleared_when_none_fires_at_the_end_of_the_time(
    happened: tuple[f.Fact, ...], outcome: str, reason: str
) -> None:
    assert came_out(judged(CLEARS, story(*happened), then=True)) == (outcome, reason)


def test_clearing_is_measured_between_two_evaluations_and_flaps_are_said() -> None:
    found = judged(CLEARS, story(alert("firing", 29), alert("inactive", 55)), then=True)
    assert found.measure is not None
    assert (found.measure.low, found.measure.high) == (4.0, 5.0)
    again = (alert("firing", 29), alert("inactive", 52), alert("firing", 54), alert("inactive", 57))
    assert "fired anew 1 time" in judged(CLEARS, story(*again), then=True).because


def test_a_rule_that_keeps_firing_longer_than_the_claim_allows_decides_nothing() -> None:
    keeps = f.RuleSeen(seen_s=6, rule="Slow", group="g", interval_s=1.0, health="ok", keep_firing_s=60.0)
    found = judged(CLEARS, story(keeps, alert("firing", 29)), then=True)
    assert came_out(found) == ("inconclusive", "below_floor")


@pytest.mark.parametrize(
    ("keeps_s", "within", "reason"),
    [(20.0, "20s", "below_floor"), (20.0, "21s", "late"), (18.0, "20s", "below_floor"), (20.0, "25s", "met")],
)
def test_what_a_rule_keeps_firing_counts_in_whole_evaluations_from_the_first_after_the_fault(
    keeps_s: float, within: str, reason: str
) -> None:
    """The phase ends at 50 s; the evaluation at 54 s is the first at which nothing holds: clear at 74 s, and not before 70 s
    wherever the evaluations fall."""
    keeps = f.RuleSeen(
        seen_s=5, rule="Slow", group="g", interval_s=5.0, evaluated_s=4.0, health="ok", keep_firing_s=keeps_s
    )
    happened = story(keeps, alert("firing", 29), alert("inactive", 74), but=(f.RuleSeen,))
    found = judged(AlertClears(alert="Slow", within_s=within), happened, then=True)
    assert found.reason == reason
    if reason == "below_floor":
        assert found.decide == "a `within` above 25s"


@pytest.mark.parametrize(
    ("keeps_s", "within", "said"),
    [
        (
            900.0,
            "2m5s",
            "Slow cannot be clear in 2m5s: its rule's `keep_firing_for` of 15m is 15m in whole evaluations",
        ),
        (18.0, "20s", "`keep_firing_for` of 18s is 20s in whole evaluations of 5s"),
        (20.0, "22s", "Slow may take up to 25s to clear (evaluation 5s, keep_firing_for 20s) from the first scrape"),
        (0.0, "4s", "Slow may take up to 5s to clear (evaluation 5s) from the first scrape"),
        (20.0, "25s", ""),
        (0.0, "5s", ""),
    ],
)
def test_before_a_run_it_is_told_that_an_alert_can_hardly_clear_in_time(keeps_s: float, within: str, said: str) -> None:
    keeps = f.RuleSeen(rule="Slow", group="g", interval_s=5.0, keep_firing_s=keeps_s, labels={"severity": "page"})
    reach = Reach(window_s=60, arrivals=1, timeout_s=1, then=True, alerts=(keeps,))
    told = AlertClears(alert="Slow", within_s=within).doubtful(reach)
    assert said in told
    assert bool(said) == bool(told)


def test_a_rule_that_was_not_evaluated_in_the_time_could_not_clear() -> None:
    fired = (alert("firing", 35, active_s=35.0),)
    found = judged(CLEARS, ruled(rule(5.0, interval_s=30.0), *fired, alert("inactive", 65)), then=True)
    assert came_out(found) == ("inconclusive", "not_evaluated")
    assert "between 50.0 s and 60.0 s (it does so every 30 s)" in found.because
    assert came_out(judged(CLEARS, ruled(rule(5.0, interval_s=10.0), *fired), then=True)) == (
        "failed",
        "never_resolved",
    )


def test_an_alert_that_no_rule_makes_has_nothing_to_clear_and_it_is_said_whoever_looked() -> None:
    """Judged with a longer limit than the run had, too."""
    for journal in (story(), story(hole=(58, 95))):
        found = judged(AlertClears(alert="Slwo", within_s="20s"), journal, then=True)
        assert came_out(found) == ("inconclusive", "rule_missing")
        assert "Prometheus has no alerting rule for Slwo, so there was nothing to clear" in found.because
    other = AlertClears(alert="Slow", labels={"severity": "ticket"}, within_s="20s")
    assert came_out(judged(other, ruled(rule(5.0, labels={"severity": "page"})), then=True))[1] == "rule_missing"


def test_where_nobody_looked_since_or_its_rule_was_taken_away_no_name_is_said_to_be_wrong() -> None:
    blind = judged(AlertClears(alert="Slwo", within_s="20s"), story(hole=(49, 95)), then=True)
    assert came_out(blind) == ("inconclusive", "not_watched")
    gone = ruled(rule(5.0), rule(5.0, seen_s=30, gone=True))
    assert came_out(judged(CLEARS, gone, then=True)) == ("inconclusive", "never_fired")


def test_alert_clears_stands_in_then_alone() -> None:
    assert "then" in CLEARS.undecidable(Reach(window_s=20, arrivals=1, timeout_s=1))


def test_what_may_fire_is_named_and_which_of_it_did() -> None:
    rules = (rule(4.0), rule(4.0, rule="Other"), rule(4.0, rule="Third"))
    claim = AlertQuiet(alert="*", allow=("Oth*", "Third"))
    found = judged(claim, ruled(*rules, alert("firing", 30, name="Other")))
    assert came_out(found) == ("passed", "met")
    assert found.because.startswith("any alert but Oth*, Third did not fire from 20.0 s to 50.0 s (1 rule evaluated")
    assert "; of these Other fired; none seen in" in found.because
    assert "; of these none fired; none seen in" in judged(claim, ruled(*rules)).because


# --- alert_quiet --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "happened", "outcome", "reason"),
    [
        (AlertQuiet(alert="Slow"), (), "passed", "met"),
        (AlertQuiet(alert="Slow"), (alert("pending", 30),), "passed", "met"),
        (AlertQuiet(alert="Slow"), (alert("firing", 30),), "failed", "collateral"),
        (AlertQuiet(alert="Slow"), (alert("firing", 15),), "failed", "pre_existing"),
        (AlertQuiet(alert="Slow"), (alert("firing", 12), alert("inactive", 19)), "passed", "met"),
        (AlertQuiet(alert="Slow"), (alert("firing", 55),), "passed", "met"),
        (AlertQuiet(alert="*"), (alert("firing", 30, name="Other"),), "failed", "collateral"),
        (AlertQuiet(alert="*", allow=("Oth*",)), (alert("firing", 30, name="Other"),), "passed", "met"),
        (AlertQuiet(alert="Slow", labels={"severity": "ticket"}), (alert("firing", 30),), "passed", "met"),
        (AlertQuiet(alert="NoRule"), (), "inconclusive", "rule_missing"),
        (
            AlertQuiet(alert="Slow"),
            (f.RuleSeen(seen_s=30, rule="Slow", group="g", for_s=5.0, interval_s=1.0, health="ok", gone=True),),
            "inconclusive",
            "rule_missing",
        ),
        (
            AlertQuiet(alert="Slow"),
            (f.RuleSeen(seen_s=30, rule="Slow", group="g", interval_s=1.0, health="err", error="many-to-many"),),
            "inconclusive",
            "rule_broken",
        ),
    ],
)
def test_silence_counts_only_where_a_rule_could_have_broken_it(
    claim: AlertQuiet, happened: tuple[f.Fact, ...], outcome: str, reason: str
) -> None:
    assert came_out(judged(claim, story(*happened))) == (outcome, reason)


def test_an_alert_fails_the_quiet_at_once_and_silence_counts_only_when_it_was_watched() -> None:
    claim = AlertQuiet(alert="Slow")
    assert came_out(judged(claim, story(alert("firing", 30)).cut(31))) == ("failed", "collateral")
    assert came_out(judged(claim, story().cut(49))) == ("inconclusive", "window_open")
    assert came_out(judged(claim, story(hole=(30, 40)))) == ("inconclusive", "not_watched")
    nobody = journal_of(*(fact for fact in story().facts if not isinstance(fact, f.Looked)), *looks("pages"))
    assert came_out(judged(claim, nobody)) == ("inconclusive", "not_watched")


def test_an_alert_that_may_have_cleared_before_the_window_decides_nothing_until_that_is_known() -> None:
    """It fired, cleared at 19.5 s, and the look that tells so comes after the phase began."""
    whole = story(
        alert("firing", 12),
        f.AlertChanged(
            alert="Slow", state="inactive", labels={"service": "api", "severity": "page"}, happened_s=19.5, seen_s=20.8
        ),
    )
    assert came_out(judged(AlertQuiet(alert="Slow"), whole.cut(20.4))) == ("inconclusive", "window_open")
    assert came_out(judged(AlertQuiet(alert="Slow"), whole)) == ("passed", "met")


WATCHDOG = alert("firing", 6, name="Watchdog", labels={})


@pytest.mark.parametrize(
    ("claim", "rules", "outcome", "reason", "said"),
    [
        (
            AlertQuiet(alert="*", labels={"severity": "page"}),
            (rule(4.0, labels={"severity": "critical"}),),
            "inconclusive",
            "rule_missing",
            "no alerting rule with {severity=\"page\"}: severity is 'critical' there",
        ),
        (
            AlertQuiet(alert="*", labels={"severity": "page"}),
            (rule(4.0, labels={"severity": "{{ $labels.severity }}"}),),
            "passed",
            "met",
            "1 rule evaluated all the time",
        ),
        (
            AlertQuiet(alert="*", labels={"service": "api"}),
            (rule(4.0, labels={"severity": "page"}), rule(4.0, rule="Other", labels={"service": "db"})),
            "passed",
            "met",
            "1 rule evaluated all the time",
        ),
        (
            AlertQuiet(alert="*", allow=("Watchdog",)),
            (rule(4.0, rule="Watchdog"),),
            "inconclusive",
            "rule_missing",
            "all alerting rules that Prometheus has are allowed to fire",
        ),
        (
            AlertQuiet(alert="*", allow=("Watchdog",)),
            (rule(4.0), rule(4.0, rule="Watchdog", health="err", error="many-to-many")),
            "passed",
            "met",
            "1 rule evaluated all the time",
        ),
        (
            AlertQuiet(alert="*", labels={"severity": "page"}, allow=("Slow",)),
            (rule(4.0, labels={"severity": "page"}), rule(4.0, rule="Other", labels={"severity": "ticket"})),
            "inconclusive",
            "rule_missing",
            "no alerting rule with {severity=\"page\"} but those that may fire (Slow): severity is 'ticket' there",
        ),
        (
            AlertQuiet(alert="*", labels={"severity": "page"}),
            (rule(4.0), rule(4.0, 30.0, rule="Other", labels={"severity": "ticket"}, gone=True)),
            "passed",
            "met",
            "1 rule evaluated all the time",
        ),
        (
            AlertQuiet(alert="Slow"),
            (rule(interval_s=300.0),),
            "inconclusive",
            "not_evaluated",
            "did not evaluate Slow between 20.0 s and 50.0 s (it does so every 300 s)",
        ),
        (AlertQuiet(alert="Slow"), (rule(5.0, interval_s=60.0),), "inconclusive", "not_evaluated", "every 60 s"),
        (AlertQuiet(alert="Slow"), (rule(5.0, interval_s=40.0),), "passed", "met", "1 rule evaluated all the time"),
        (
            AlertQuiet(alert="*"),
            (rule(5.0, interval_s=60.0), rule(4.0, rule="Other")),
            "passed",
            "met",
            "1 rule evaluated, 1 not in this time",
        ),
        (
            AlertQuiet(alert="*"),
            (rule(5.0, interval_s=60.0), rule(interval_s=90.0, rule="Other")),
            "inconclusive",
            "not_evaluated",
            "any of 2 rules",
        ),
    ],
)
def test_silence_counts_only_where_a_rule_that_may_not_fire_could_have_broken_it_and_was_evaluated(
    claim: AlertQuiet, rules: tuple[f.RuleSeen, ...], outcome: str, reason: str, said: str
) -> None:
    found = judged(claim, ruled(*rules, *([WATCHDOG] if claim.allow else [])))
    assert came_out(found) == (outcome, reason)
    assert said in found.because
