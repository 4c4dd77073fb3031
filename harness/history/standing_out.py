"""Whether a run stands out among the runs before it: all its numbers at once, by a rank that needs no assumption of a distribution. Pure.

Each number of each run is held against the same number of all the others, its own run left out: how many standard errors of
a prediction it lies off. The farthest of a run's numbers is how odd the run is. Were the run one more like those before,
each of them is as likely to be the oddest: so it is the oddest of N by chance in 1 of N. A number is said to stand out where
it lies farther off than the oddest number of (all but a share of) the runs before. So the share holds for all numbers of a run
together, however many there are, however they hang together and however they are spread.

What it assumes is that runs without a change can be exchanged: a slow drift, or a machine that is busy on every other day, is
none of its noise. Source: the max-T procedure of Westfall and Young, Resampling-Based Multiple Testing (1993), on the conformal
ranks of Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005). Held by tests/calibration/test_history.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SHARE = 0.05
"""Of comparisons in which nothing changed, at most so many call anything a change."""
MOST_RUNS = 100


@dataclass(frozen=True)
class Usual:
    """What a number was in the runs before: a run that is like them lies within [low, high], on the number's scale."""

    low: float
    high: float
    stands_out: bool


def needed(share: float = SHARE) -> int:
    """The fewest runs before the one that is tested, by which a share can be told: 19 for 5 %, 9 for 10 %."""
    return math.ceil(round(1 / share, 6)) - 1


def standing_out(
    earlier: Sequence[Mapping[str, float]],
    tested: Mapping[str, float],
    least: Mapping[str, float],
    share: float = SHARE,
) -> dict[str, Usual]:
    """The numbers of the tested run that enough runs have, by key, and whether each stands out.

    earlier  the numbers of each run before, on their scales; one that a run does not have is left out of its mapping
    least    by key, the least standard error that is believed
    """
    import numpy as np

    runs = [*earlier[-MOST_RUNS:], tested]
    held = [key for key in least if sum(key in run for run in runs) > needed(share)]
    allowed = math.floor(round(share * len(runs), 6))
    if not held or allowed < 1:
        return {}
    values = np.array([[run.get(key, math.nan) for key in held] for run in runs])
    off, middle, error = _off(values, np.array([least[key] for key in held]))
    oddest = np.nanmax(np.where(np.isnan(off[:-1]), -1.0, np.abs(off[:-1])), axis=1)
    limit = float(np.sort(oddest)[-allowed])
    return {
        key: Usual(
            float(middle[place] - limit * error[place]),
            float(middle[place] + limit * error[place]),
            bool(abs(off[-1, place]) > limit),
        )
        for place, key in enumerate(held)
        if key in tested
    }


def _off(values: Any, least: Any) -> tuple[Any, Any, Any]:
    """How far each value (run, number) lies off the others of its number, in standard errors of a prediction; and of the last run, from
    what it is counted, and the standard error."""
    import numpy as np

    centred = values - np.nanmean(values, axis=0)
    known = ~np.isnan(centred)
    others = known.sum(axis=0) - known  # of the same number, this run's own left out
    total = np.nansum(centred, axis=0) - np.where(known, centred, 0.0)
    squares = np.nansum(centred**2, axis=0) - np.where(known, centred**2, 0.0)
    mean = total / others
    variance = np.maximum(squares - others * mean**2, 0.0) / np.maximum(others - 1, 1)
    error = np.maximum(np.sqrt(variance * (1 + 1 / others)), least)
    return (centred - mean) / error, mean[-1] + np.nanmean(values, axis=0), error[-1]
