"""Alerts scored as events: twenty timelines by hand, shares and rates against their sources, and an alerter that fires at random."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from alert_stories import alert

from harness import alerting
from harness.alerting import Episode
from harness.scoring import Score, Trouble, flaps_in, most_per_hour, score
from harness.stats import clopper_pearson
from harness.testing import journal_of


def episode(from_s: float, until_s: float = math.inf, name: str = "Slow", **labels: str) -> Episode:
    changes = [alert("firing", from_s, name, labels)]
    changes += [alert("inactive", until_s, name, labels)] if math.isfinite(until_s) else []
    return alerting.episodes(journal_of(*changes))[0]


def trouble(start_s: float = 100, end_s: float = 160, deadline_s: float = 130, name: str = "one") -> Trouble:
    return Trouble(
        name,
        start_s,
        end_s,
        end_s + 30,
        deadline_s,
        meant=lambda found: found.alert == "Slow",
        allowed=lambda found: found.alert == "Queue",
    )


ONE, TWO = trouble(), trouble(300, 360, 330, "two")
# episodes, troubles; what is told of each trouble; flaps, collateral, false alarms
TIMELINES: list[tuple[str, list[Episode], list[Trouble], list[str], int, int, int]] = [
    ("silence in a trouble", [], [ONE], ["missed"], 0, 0, 0),
    ("silence without one", [], [], [], 0, 0, 0),
    ("in time", [episode(110, 170)], [ONE], ["detected"], 0, 0, 0),
    ("at the very beginning", [episode(100, 170)], [ONE], ["detected"], 0, 0, 0),
    ("at the very deadline", [episode(130, 170)], [ONE], ["detected"], 0, 0, 0),
    ("just late", [episode(130.1, 170)], [ONE], ["late"], 0, 0, 0),
    ("at the very end", [episode(160, 170)], [ONE], ["late"], 0, 0, 0),
    ("only in the grace", [episode(161, 170)], [ONE], ["missed"], 0, 0, 0),
    ("only after the grace", [episode(191, 200)], [ONE], ["missed"], 0, 0, 1),
    ("only before", [episode(50, 60)], [ONE], ["missed"], 0, 0, 1),
    ("firing already", [episode(50, 170)], [ONE], ["pre_existing"], 0, 0, 1),
    ("cleared in the same moment", [episode(50, 100), episode(110, 170)], [ONE], ["detected"], 0, 0, 1),
    ("twice", [episode(110, 120), episode(125, 170)], [ONE], ["detected"], 1, 0, 0),
    ("three times, into the grace", [episode(110, 120), episode(130, 140), episode(180)], [ONE], ["detected"], 2, 0, 0),
    ("two series at once", [episode(110, pod="a"), episode(112, pod="b")], [ONE], ["detected"], 0, 0, 0),
    ("another alert instead", [episode(110, name="Disk")], [ONE], ["missed"], 0, 1, 0),
    ("one that may come along", [episode(110), episode(112, name="Queue")], [ONE], ["detected"], 0, 0, 0),
    ("the allowed one alone", [episode(110, name="Queue")], [ONE], ["missed"], 0, 0, 0),
    ("two troubles, one told", [episode(110, 170)], [ONE, TWO], ["detected", "missed"], 0, 0, 0),
    ("over both", [episode(110, 310)], [ONE, TWO], ["detected", "pre_existing"], 0, 0, 0),
    (
        "everything at once",
        [episode(10, 20), episode(110, 170), episode(115, name="Disk"), episode(340, 350), episode(355, 358)],
        [ONE, TWO],
        ["detected", "late"],
        1,
        1,
        1,
    ),
]


def counted(found: Score) -> tuple[list[str], int, int, int]:
    return list(found.told.values()), sum(found.flaps.values()), len(found.collateral), len(found.false)


@pytest.mark.parametrize(
    ("episodes", "troubles", "told", "flaps", "collateral", "false"),
    [pytest.param(*rest, id=name) for name, *rest in TIMELINES],
)
def test_a_timeline_is_scored_as_by_hand_in_whatever_order_its_events_are_told(
    episodes: list[Episode], troubles: list[Trouble], told: list[str], flaps: int, collateral: int, false: int
) -> None:
    for order in itertools.islice(itertools.permutations(episodes), 24):
        assert counted(score(troubles, order)) == (told, flaps, collateral, false)


def test_what_fired_already_is_no_detection_and_no_miss() -> None:
    found = score([ONE, TWO], [episode(110, 310)])
    assert (found.detected, found.counted) == (1, 1)


@pytest.mark.parametrize(("n", "low"), [(5, 0.55), (20, 0.86), (59, 0.95)])
def test_all_of_few_proves_little(n: int, low: float) -> None:
    """One-sided 95 % is two-sided 90 %. All of n: the low end is 0.05 ** (1 / n)."""
    assert clopper_pearson(n, n, 0.90)[0] == pytest.approx(low, abs=0.005)
    assert clopper_pearson(n, n, 0.90)[0] == pytest.approx(0.05 ** (1 / n))
    troubles = [trouble(start, start + 60, start + 30, str(start)) for start in range(0, n * 100, 100)]
    found = score(troubles, [episode(one.start_s + 1, one.start_s + 50) for one in troubles])
    assert found.recall == clopper_pearson(n, n)
    assert score([], []).recall == (0.0, 1.0)


def test_a_quiet_ten_minutes_exclude_only_eighteen_an_hour() -> None:
    assert most_per_hour(0, 600) == pytest.approx(-math.log(0.05) * 6)
    assert round(most_per_hour(0, 600)) == 18
    assert round(most_per_hour(0, 24 * 3600), 2) == 0.12


def test_the_bound_of_a_rate_covers_the_true_one_as_often_as_it_says() -> None:
    for per_hour in (1.0, 6.0, 30.0):
        seen = np.random.default_rng(7).poisson(per_hour, 2000)
        bounds = {int(k): most_per_hour(int(k), 3600) for k in np.unique(seen)}
        assert np.mean([bounds[int(k)] >= per_hour for k in seen]) >= 0.94


def point_adjusted_recall(troubles: Sequence[Trouble], episodes: Sequence[Episode]) -> float:
    """The score that nobody should use: one hit marks a whole trouble as detected."""
    hit = [any(t.start_s <= e.from_s <= t.end_s for e in episodes) for t in troubles]
    return sum(hit) / len(hit)


def test_an_alerter_that_fires_at_random_fails_here_though_point_adjusted_it_looks_perfect() -> None:
    """One alert a minute, whatever happens: each trouble of two minutes is hit by chance. What tells it is the false alarms."""
    dice = random.Random(3)
    times = sorted(dice.uniform(60 * minute, 60 * minute + 59) for minute in range(120))
    alerts = [episode(at_s, at_s + 1) for at_s in times]
    troubles = [trouble(start, start + 120, start + 30, str(start)) for start in range(300, 7200, 1200)]
    assert point_adjusted_recall(troubles, alerts) == 1.0
    found = score(troubles, alerts)
    assert len(found.false) > 80
    assert sum(found.flaps.values()) >= len(troubles)


def test_an_alert_whose_label_goes_with_the_value_fires_anew_only_after_it_was_quiet() -> None:
    """Each evaluation makes another alert of it: one begins where the other ends."""
    one_after_another = [episode(110 + n, 111 + n, value=str(n)) for n in range(5)]
    now_and_then = [episode(110 + 4 * n, 112 + 4 * n, value=str(n)) for n in range(5)]
    for found, flaps in ((one_after_another, 0), (now_and_then, 4)):
        assert flaps_in(found, 100, 160, lambda one: one.alert) == flaps
        assert flaps_in(found, 100, 160) == 0


def test_what_would_have_come_without_the_trouble_is_no_detection_and_no_miss() -> None:
    foreseen = replace(ONE, foreseen=lambda one: one.labels == {"pod": "a"})
    for found, told in (
        ([episode(110, pod="a")], "pre_existing"),
        ([episode(110, pod="a"), episode(112, pod="b")], "detected"),
        ([episode(110, pod="a"), episode(140, pod="b")], "pre_existing"),
        ([episode(140, pod="b")], "late"),
        ([episode(165, pod="a")], "missed"),
    ):
        assert score([foreseen], found).told == {"one": told}
