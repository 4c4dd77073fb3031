"""When a rule was evaluated: its grid, from what was written of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.evaluations import begun_s, evaluated, histories, key_of
from harness.facts import RuleSeen
from harness.testing import journal_of


def seen(at_s: float, evaluated_s: float | None = None, interval_s: float = 60.0, **more: object) -> RuleSeen:
    health = "unknown" if evaluated_s is None else "ok"
    values = {"seen_s": at_s, "rule": "Slow", "group": "g", "interval_s": interval_s, "health": health, **more}
    return RuleSeen(evaluated_s=evaluated_s, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("history", "from_s", "until_s", "was"),
    [
        ([seen(5, 5)], 20, 50, False),  # next at 65
        ([seen(5, 5)], 20, 65, True),
        ([seen(5, 5)], 65, 100, False),  # the beginning does not count
        ([seen(5, 5)], 64.9, 100, True),
        ([seen(70, 65)], 1, 10, True),  # it was evaluated before it was seen
        ([seen(5)], 20, 50, False),
        ([seen(5), seen(40.5, 40)], 20, 50, True),
        ([seen(5), seen(40.5, 40)], 20, 39, False),  # its first
        ([seen(5), seen(40.5, 40)], 41, 99, False),
        ([seen(5), seen(40.5, 40)], 41, 100, True),
        ([seen(5, 5), seen(30), seen(80.5, 80)], 20, 79, False),  # Prometheus started again
        ([seen(5, 5), seen(30), seen(80.5, 80)], 20, 81, True),
        ([seen(5, 5, 10), seen(30, 25, 60)], 30, 80, False),  # its interval became longer
        ([seen(5, 5, 10), seen(30, 25, 60)], 20, 29, True),
        ([seen(5, 5, 10), seen(30, 25, 10, gone=True)], 30, 90, False),
        ([seen(5, None, health="ok")], 20, 21, True),  # nobody told
        ([seen(5, 5, 0.0)], 20, 21, True),
        ([seen(5), seen(40, None, health="ok")], 20, 30, False),
        ([seen(5), seen(40, None, health="ok")], 20, 50, True),
        ([seen(5, 0.1, 0.1)], 0.2, 0.3, True),  # 0.1 + 2 × 0.1 is a hair more than 0.3
        ([seen(5, 4.7, 2.0)], 20, 22, True),
    ],
)
def test_whether_an_evaluation_lies_in_a_stretch(
    history: list[RuleSeen], from_s: float, until_s: float, was: bool
) -> None:
    assert evaluated(history, from_s, until_s) is was


def test_a_stretch_as_long_as_an_interval_always_has_one() -> None:
    dice = np.random.default_rng(4)
    for _ in range(20_000):
        interval_s, at_s, from_s = float(dice.choice([0.1, 1.0, 2.0, 15.0, 60.0])), *map(float, dice.uniform(0, 100, 2))
        assert evaluated([seen(at_s, at_s, interval_s)], from_s, from_s + interval_s + 1e-5)


@pytest.mark.parametrize(
    ("history", "since_s"),
    [
        ([seen(5, 4)], -math.inf),
        ([seen(5, None, health="ok")], -math.inf),
        ([seen(5)], math.inf),
        ([seen(5), seen(40.5, 40)], 40),
        ([seen(5), seen(40.5, 40), seen(70, 60, health="err")], 40),
        ([seen(5, 4), seen(30)], math.inf),
        ([seen(5, 4), seen(30), seen(45.5, 45)], 45),
    ],
)
def test_since_when_it_is_evaluated(history: list[RuleSeen], since_s: float) -> None:
    assert begun_s(history) == since_s


@pytest.mark.parametrize(
    ("history", "at_s", "since_s"),
    [
        ([seen(5, 4), seen(30)], 20, -math.inf),
        ([seen(5, 4), seen(30)], 30, math.inf),
        ([seen(5, 4), seen(30), seen(45.5, 45)], 20, -math.inf),
        ([seen(5, 4), seen(30), seen(45.5, 45)], 40, 45),
        ([seen(5), seen(10.5, 10), seen(30), seen(45.5, 45)], 20, 10),
        ([seen(5), seen(10.5, 10), seen(30), seen(45.5, 45)], 7, 10),
        ([seen(5), seen(6), seen(10.5, 10)], 5.5, 10),
    ],
)
def test_since_when_it_was_at_an_instant(history: list[RuleSeen], at_s: float, since_s: float) -> None:
    assert begun_s(history, at_s) == since_s


def test_rules_of_one_name_have_histories_of_their_own() -> None:
    ticket, page = seen(5, 4, labels={"severity": "ticket"}), seen(6, 5, labels={"severity": "page"})
    again = seen(9, 8, labels={"severity": "page"}, health="err")
    found = histories(journal_of(ticket, page, again))
    assert [len(found[key_of(rule)]) for rule in (ticket, page)] == [1, 2]
