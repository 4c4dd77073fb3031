"""Exact intervals, and how many requests a claim needs. scipy is imported here alone, and only when asked."""

from __future__ import annotations

import math
from collections.abc import Callable


def clopper_pearson(k: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval of a share, k of n seen. (0, 1) for n = 0.

    Source: Clopper and Pearson, Biometrika 26 (1934). For a one-sided 95 % bound ask for 0.90 and take that side.
    """
    if n == 0:
        return 0.0, 1.0
    from scipy.special import betaincinv

    half = (1 - confidence) / 2
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, half))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - half))
    return low, high


def percentile_ranks(n: int, quantile: float, confidence: float = 0.95) -> tuple[int, int]:
    """Ranks (1-based) of the sorted values that enclose the percentile, each side exceeded with at most half the rest.

    Order statistics, exact for independent values: 2000 values, p99 → (1971, 1989). 0 and n + 1 mean that this side has
    no bound. Latencies under a fault are correlated: the true interval is wider.
    """
    if n == 0:
        return 0, 1
    from scipy.special import bdtr  # the binomial's cumulative distribution

    half = (1 - confidence) / 2

    def below(rank: int) -> float:
        """P(at most `rank` of n values lie below the percentile)."""
        return float(bdtr(rank, n, quantile)) if rank >= 0 else 0.0

    low = _last(lambda rank: below(rank - 1) <= half, n)
    high = _last(lambda rank: below(rank - 1) < 1 - half, n) + 1
    return low, high


def _last(holds_at: Callable[[int], bool], n: int) -> int:
    """The last rank of 1..n at which a condition that stops holding once still holds; 0 when at none."""
    low, high = 0, n
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds_at(middle) else (low, middle - 1)
    return low


def needed_for_percentile(quantile: float, confidence: float = 0.95) -> int:
    """The fewest values from which a percentile has an upper bound (one-sided): p90 29, p95 59, p99 299, max 1."""
    if quantile >= 1:
        return 1
    return math.ceil(round(math.log(1 - confidence) / math.log(quantile), 9))


def needed_for_ratio(limit: float) -> int:
    """The fewest requests from which one error alone does not exceed the limit: 2 % needs 50; a limit of 0 any."""
    return 1 if limit <= 0 else math.ceil(round(1 / limit, 9))


def needed_to_pass(limit: float, confidence: float = 0.95) -> int:
    """The fewest requests from which a share's upper bound (one-sided) is within the limit when none is bad: 1 % needs 299.

    n = ln(1 - confidence) / ln(1 - limit), the rule of three made exact. A limit of 0 no number shows (10^12).
    """
    if limit <= 0:
        return 10**12
    return 1 if limit >= 1 else math.ceil(round(math.log(1 - confidence) / math.log(1 - limit), 9))
