"""Range precision and recall: stretches held against stretches, on a continuous axis.

Points would be unfair either way: a long trouble would weigh more than a short one, and one hit would be lost among the points
that no alert can reach. Here each range counts once, and is rewarded for being told of at all, for how much of it, and how
early. Where ranges begin and end at whole points, the flat bias gives what point by point is defined; the front bias is the
limit of ever finer points.

Source: Tatbul, Lee, Zdonik, Alam and Gottschlich, Precision and Recall for Time Series, NeurIPS 2018, with its cardinality
factor 1/x: a range told of in x pieces has an x-th of its overlap's reward.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Span = tuple[float, float]
"""From when until when."""
Matched = tuple[Span, Sequence[Span]]
"""A range, and those of the other side that may overlap it."""
Bias = Callable[[float], float]
"""How much of a range's reward lies in its first part, as a share of its length: 0 at 0, 1 at 1."""

EXISTENCE = 0.5


def flat(share: float) -> float:
    """Every moment of a range is worth the same."""
    return share


def front(share: float) -> float:
    """The worth of a moment falls evenly from a range's beginning to its end."""
    return 1.0 - (1.0 - share) ** 2


def range_recall(real: Sequence[Matched], existence: float = EXISTENCE, bias: Bias = front) -> float | None:
    """How well the real ranges, each with what told of it, were told of: 0 to 1, each counting the same. None: there is none.

    `existence` is the share of the reward for an overlap at all (alpha in the source); the rest is for how much and how early.
    """
    return _mean([_reward(one, told, existence, bias) for one, told in real])


def range_precision(told: Sequence[Matched], bias: Bias = front) -> float | None:
    """How much of what was told, each range with the real ones that it may tell of, lay in those: 0 to 1. None: nothing was told.

    There is no reward for an overlap at all (alpha 0).
    """
    return _mean([_reward(one, real, 0.0, bias) for one, real in told])


def _reward(one: Span, others: Sequence[Span], existence: float, bias: Bias) -> float:
    """What the others earn of one range. Others that overlap or touch each other are one."""
    start, end = one
    found = [(max(start, low), min(end, high)) for low, high in _merged(others) if _meet(one, (low, high))]
    if not found:
        return 0.0
    length = end - start
    overlap = (
        sum(bias((high - start) / length) - bias((low - start) / length) for low, high in found) if length else 1.0
    )
    return existence + (1.0 - existence) * overlap / len(found)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _meet(one: Span, other: Span) -> bool:
    """Whether they share more than an edge; an instant needs no more than to lie in the other."""
    low, high = max(one[0], other[0]), min(one[1], other[1])
    return low < high or (low == high and (one[0] == one[1] or other[0] == other[1]))


def _merged(spans: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found
