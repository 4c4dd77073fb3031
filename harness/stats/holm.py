"""Of many claims that are each decided by a sample, some would fail by chance: Holm's correction, in the failing direction."""

from __future__ import annotations

from collections.abc import Sequence

ALPHA = 0.05


def holm(p_values: Sequence[float], among: int | None = None) -> list[float]:
    """Adjusted p-values, in the same order: below alpha for those that may be called failed, the risk that any of them
    is called so wrongly being at most alpha.

    among   how many claims there are in all, when some could not be decided (they count as p = 1); so what was called
            failed early stays so whatever the others come to
    Source: Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statistics 6 (1979).
    """
    m = max(len(p_values), among or 0)
    adjusted, highest = [1.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (m - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def holm_levels(p_values: Sequence[float], among: int | None = None) -> list[float]:
    """What each p-value must be at most at its rank, in the same order: ALPHA / (m - rank). A claim may be called failed only
    where its own and all smaller p-values keep theirs, which is what `holm` says in one number.
    """
    m = max(len(p_values), among or 0)
    levels = [ALPHA] * len(p_values)
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        levels[index] = ALPHA / (m - rank)
    return levels
