"""Whether fewer requests were bad in one stretch than in another: Fisher's exact test, for each condition of a steady state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.stats.condition import Condition
from harness.stats.times import Interval
from harness.stats.windows import shares

if TYPE_CHECKING:
    from harness.ledger import Rows

CHANCE = 0.001  # small, for whoever asks has chosen the stretches: one as ill as can be, the other as calm


def fewer(
    rows: Rows, conditions: Sequence[Condition], calm: Interval, ill: Interval, now_s: float | None = None
) -> bool:
    """Whether bad requests of some condition were rarer in `calm` than in `ill`, both [start_s, end_s), by more than chance.

    Were the bad ones thrown among all requests at random, at most CHANCE of all throws would leave so few in the calm stretch.
    A condition on a rate is not one of shares; where there is no other, True.
    """
    from scipy.stats import hypergeom

    measured = [one for one in conditions if one.metric != "rate"]
    found = []
    for start_s, end_s in (calm, ill):
        told = shares(rows, measured, start_s, end_s, end_s - start_s, 1, now_s)
        found.append([(int(bad.sum()), int(every.sum())) for _, bad, _, every in told])
    return not measured or any(
        float(hypergeom.cdf(k, n + of, k + bad, n)) <= CHANCE for (k, n), (bad, of) in zip(*found, strict=True)
    )
