"""Those that fired, or cleared, when a page says: as a look at each of them finds them, and in less."""

from __future__ import annotations

import random

import pytest
from alert_stories import alert, story
from counted_calls import calls

from harness import alerting
from harness.alerting import Episode
from harness.expectations.notifications import LAG_S
from harness.expectations.page_times import PageTimes, gap_s, lies_in
from harness.surroundings import MOST_SKEW_S

NONE = float("nan")


def episodes(*fired: tuple[float, float]) -> list[Episode]:
    changes = [
        alert(state, at_s, labels={"pod": str(number)})
        for number, each in enumerate(fired)
        for state, at_s in zip(("firing", "inactive"), each, strict=True)
    ]
    return alerting.episodes(story(*sorted(changes, key=lambda change: change.at_s)))


def looked_through(known: list[Episode], fired_s: float, cleared_s: float) -> list[Episode]:
    near = [one for one in known if lies_in(one, fired_s, cleared_s, LAG_S) and gap_s(one, fired_s, cleared_s) <= LAG_S]
    least_s = min((gap_s(one, fired_s, cleared_s) for one in near), default=0.0)
    return [one for one in near if gap_s(one, fired_s, cleared_s) <= least_s + MOST_SKEW_S]


@pytest.mark.parametrize(
    ("fired_s", "cleared_s", "found"),
    [
        (30.0, NONE, [30.0]),
        (30.1, NONE, [30.0]),
        (31.5, NONE, [30.0]),
        (35.0, NONE, []),
        (30.0, 50.0, [20.0, 30.0]),  # who cleared then, and who fired then
        (35.0, 50.0, [20.0]),
        (20.0, 60.0, [20.0, 30.0]),
        (35.0, 66.0, []),
    ],
)
def test_those_that_fired_or_cleared_then_are_found(fired_s: float, cleared_s: float, found: list[float]) -> None:
    times = PageTimes(episodes((20.0, 50.0), (30.0, 60.0)), LAG_S)
    assert [one.from_s for one in times.just_then(fired_s, cleared_s)] == found


def test_they_are_those_that_a_look_at_each_finds() -> None:
    dice = random.Random(5)
    some = 0
    for _ in range(60):
        begins = [round(dice.uniform(20, 40), dice.choice((0, 1, 3))) for _ in range(dice.randint(0, 12))]
        known = episodes(*((begin, begin + round(dice.uniform(0.1, 20), dice.choice((0, 1, 3)))) for begin in begins))
        times = PageTimes(known, LAG_S)
        for _ in range(20):
            fired_s = round(dice.uniform(18, 42), dice.choice((0, 1, 3)))
            cleared_s = dice.choice((NONE, fired_s + round(dice.uniform(0, 20), dice.choice((0, 1, 3)))))
            found = times.just_then(fired_s, cleared_s)
            assert found == looked_through(known, fired_s, cleared_s)
            some += bool(found)
    assert some > 200


@pytest.mark.parametrize("clears_s", [0.0, 1.0])
def test_twice_as_many_of_other_times_take_twice_as_much(clears_s: float) -> None:
    def asked(many: int) -> int:
        known = episodes(*((100.0 + 3 * number, 10_000.0 + 3 * number * clears_s) for number in range(many)))

        def answer() -> None:
            times = PageTimes(known, LAG_S)
            for one in known:
                assert times.just_then(one.from_s, one.until_s)

        return calls(answer)

    asked(2)
    assert asked(160) / asked(80) < 2.5
