"""How often a comparison of runs calls a change where there is none, and how often it finds one that is there. Simulated A/A series."""

from __future__ import annotations

import random

import pytest
from run_series import Service, series
from scipy.stats import binom

from harness.history.compare import WORSE, Compared, Side, compare
from harness.history.numbers import numbers_of
from harness.history.standing_out import needed, standing_out

SERIES = 150


def last_two(documents: list[dict[str, object]], share: float) -> Compared:
    return compare(Side("older", documents[-2]), Side("newer", documents[-1]), documents[:-1], share)


def at_most(share: float, of: int) -> int:
    """So many false alarms are seen in one of a thousand such tests, if the promised share is kept."""
    return int(binom.ppf(0.999, of, share))


@pytest.mark.parametrize(("share", "runs"), [(0.05, 19), (0.05, 31), (0.1, 9), (0.2, 4)])
def test_where_nothing_changed_no_more_than_the_promised_share_is_called_a_change(share: float, runs: int) -> None:
    found = [last_two(series(runs + 1, random.Random(1000 * runs + seed)), share) for seed in range(SERIES)]
    assert all(one.enough and one.together > 40 for one in found)
    false = sum(bool(one.called) for one in found)
    assert false <= at_most(share, SERIES), f"{false} of {SERIES} comparisons of like runs called a change"


def test_the_share_holds_for_noise_of_any_shape() -> None:
    """Numbers without a variance, and numbers that hang together: of 2000 series at 10 %."""
    dice = random.Random(7)
    least = {f"n{at}": 0.02 for at in range(12)}
    false = 0
    for _ in range(2000):
        runs = []
        for _ in range(10):
            common = dice.paretovariate(0.8)
            runs.append({key: common + dice.paretovariate(0.8) for key in least})
        false += any(one.stands_out for one in standing_out(runs[:-1], runs[-1], least, 0.1).values())
    assert 100 < false <= at_most(0.1, 2000)


def test_a_detection_five_times_as_slow_and_errors_four_times_as_many_are_found() -> None:
    for change in (Service(detection=5.0), Service(errors=4.0)):
        found = [last_two(series(40, random.Random(seed), change), 0.05) for seed in range(20)]
        right = sum(any(line.called == WORSE for line in one.lines) for one in found)
        assert right >= 16, f"{change}: {right} of {len(found)}"


def test_one_run_too_few_says_nothing() -> None:
    documents = series(needed(0.05), random.Random(1), Service(p95=50, errors=15, detection=20))
    found = last_two(documents, 0.05)
    assert (found.earlier, found.needed, found.called, found.exit_code) == (18, 19, (), 3)


def test_a_number_that_few_runs_have_is_not_told_of() -> None:
    documents = series(25, random.Random(3))
    for document in documents[:-3]:
        document["findings"] = [one for one in document["findings"] if one["id"] != "slow/alert_fires-Slow"]
    found = last_two(documents, 0.05)
    (line,) = (line for line in found.lines if line.key == "slow/alert_fires-Slow measured")
    assert not line.enough
    assert line.runs == 2
    assert "slow/alert_fires-Slow measured" in numbers_of(documents[-1])
