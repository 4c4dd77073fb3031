"""A run's alerts in numbers: what raises and lowers each, and that no evidence is no score."""

from __future__ import annotations

import itertools
import random

import pytest
from alert_stories import alert, judged, story
from test_scoring import episode, point_adjusted_recall, trouble

from harness import facts as f
from harness.alerting import Episode
from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.expectations.detection import detection
from harness.report.detector import in_numbers
from harness.scoring import Trouble, score
from harness.scoring_trend import Trend, trend
from harness.verdict import Outcome

ONE, TWO = trouble(), trouble(300, 360, 330, "two")  # each is over after 60 s, with 30 s of grace
END_S = 600.0


def of(troubles: list[Trouble], episodes: list[Episode]) -> Trend:
    return trend(troubles, episodes, score(troubles, episodes), END_S, 1.0)


def standard(found: Trend) -> float:
    number = found.nab["standard"]
    assert number is not None
    return number


def test_an_alert_from_beginning_to_end_is_all_that_one_can_ask() -> None:
    found = of([ONE, TWO], [episode(100, 160), episode(300, 375)])
    assert (found.recall, found.precision) == (pytest.approx(1.0), pytest.approx(1.0))
    assert found.nab == {name: pytest.approx(100.0) for name in found.nab}


def test_silence_in_a_trouble_is_0_and_of_no_alert_there_is_no_precision() -> None:
    found = of([ONE, TWO], [])
    assert (found.recall, found.precision, standard(found)) == (0.0, None, pytest.approx(0.0))


def test_without_a_trouble_or_an_alert_there_is_nothing_to_score() -> None:
    found = of([], [])
    assert (found.recall, found.precision, set(found.nab.values())) == (None, None, {None})
    told = {"range_recall": found.recall, "range_precision": found.precision, "nab": found.nab}
    text = in_numbers(told)
    assert text.count("nothing to score") == 3
    assert "100 is an alert" in text
    assert "range precision nothing to score (no alert fired)" in text


def test_alerts_without_a_trouble_have_no_precision_at_all_and_no_other_number() -> None:
    found = of([], [episode(200, 210)])
    assert (found.recall, found.precision, set(found.nab.values())) == (None, 0.0, {None})


def test_a_trouble_for_which_one_fired_already_or_that_none_was_meant_to_tell_counts_for_none() -> None:
    assert of([ONE], [episode(50, 170)]).recall is None
    nobody = Trouble("quiet", 100, 160, 190, 130)
    assert of([nobody], []).recall is None
    assert of([nobody], []).nab["standard"] is None


def test_later_is_worse_and_so_are_false_alarms_and_another_alert_instead() -> None:
    soon, late = of([ONE], [episode(105, 160)]), of([ONE], [episode(150, 160)])
    assert soon.recall is not None
    assert late.recall is not None
    assert soon.recall > late.recall > 0.5
    assert standard(soon) > standard(late) > 0
    noisy = of([ONE], [episode(105, 160), episode(250, 260)])
    assert (noisy.recall, noisy.precision) == (soon.recall, pytest.approx(0.5))
    assert standard(noisy) < standard(soon)
    other = of([ONE], [episode(105, 160, "Disk")])
    assert (other.recall, other.precision) == (0.0, 0.0)
    assert standard(other) < 0


def test_what_may_come_along_costs_nothing_and_detects_nothing() -> None:
    alone, along = of([ONE], [episode(105, 160)]), of([ONE], [episode(105, 160), episode(110, 180, "Queue")])
    assert (along.recall, along.precision, along.nab) == (alone.recall, alone.precision, alone.nab)
    assert of([ONE], [episode(110, 180, "Queue")]).recall == 0.0


def test_replicas_that_fire_together_are_one_telling_and_an_alert_only_in_the_grace_is_none() -> None:
    alone, both = of([ONE], [episode(105, 160)]), of([ONE], [episode(105, 160, pod="a"), episode(107, 160, pod="b")])
    assert both.recall == pytest.approx(alone.recall)
    after = of([ONE], [episode(165, 180)])
    assert (after.recall, after.precision) == (0.0, pytest.approx(1.0))
    assert standard(after) < 0


def test_whoever_still_fires_at_the_end_fired_until_then() -> None:
    assert of([ONE], [episode(100)]).recall == pytest.approx(1.0)
    found = of([trouble(500, 700, 530)], [episode(500)])
    assert (found.recall, found.precision) == (pytest.approx(1.0), pytest.approx(1.0))


def test_events_of_one_instant_may_be_told_in_any_order() -> None:
    episodes = [episode(110, 120), episode(110, 120, "Disk"), episode(110, 170, pod="b"), episode(200, 210)]
    first = of([ONE, TWO], episodes)
    for order in itertools.permutations(episodes):
        found = of([TWO, ONE], list(order))
        assert (found.recall, found.precision) == (pytest.approx(first.recall), pytest.approx(first.precision))
        assert found.nab == pytest.approx(dict(first.nab))


def test_an_alerter_at_random_is_seen_through_and_its_claim_fails() -> None:
    """One alert a minute: point-adjusted it has found every trouble. Kim et al., Towards a Rigorous Evaluation of Time-series
    Anomaly Detection, AAAI 2022, on why nobody should adjust so."""
    dice = random.Random(3)
    alerts = [episode(at, at + 1) for at in sorted(dice.uniform(60 * m, 60 * m + 59) for m in range(120))]
    troubles = [trouble(start, start + 120, start + 30, str(start)) for start in range(300, 7200, 1200)]
    assert point_adjusted_recall(troubles, alerts) == 1.0
    found = trend(troubles, alerts, score(troubles, alerts), 7200.0, 1.0)
    assert found.precision is not None
    assert found.precision < 0.2
    assert found.recall is not None
    assert found.recall < 0.6
    assert standard(found) < 10  # false alarms eat up what chance found; where they weigh twice, they cost far more
    assert (found.nab["reward_low_FP_rate"] or 0) < -50
    fired = story(alert("firing", 15), alert("inactive", 16), alert("firing", 30), alert("inactive", 31))
    finding = judged(AlertQuiet(alert="*"), fired, phase="")
    assert (finding.outcome, finding.reason) == (Outcome.FAILED, "false_alarm")


def test_a_runs_detection_has_them_and_what_fired_before_the_run_is_in_none() -> None:
    claims = [("hurt", False, AlertFires(alert="Slow", labels={"severity": "page"}, within_s="15s"))]
    quiet, noisy = story(alert("firing", 29)), story(alert("firing", 5, "Watchdog"), alert("firing", 29))
    found = detection(quiet, claims)
    assert found is not None
    assert found.trend.recall == pytest.approx(0.5 + 0.5 * ((49.5 - 29) / 28.5) ** 2)
    again = detection(noisy, claims)
    assert again is not None
    assert again.trend == found.trend
    silent = detection(story(but=(f.Injecting,)), claims)
    assert silent is not None
    assert silent.trend == Trend(None, None, dict.fromkeys(found.trend.nab))
