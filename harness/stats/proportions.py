"""Shares whose events come in batches: an interval for one share, and for the difference of two.

Requests fail together. The design effect says how much more the batches' shares differ than independent requests would let
them; so many fewer requests the interval is given. Short formulas, tested against statsmodels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from harness.stats.interval import clopper_pearson

SMALLEST_P = 1e-9


def design_effect(ks: Sequence[int], ns: Sequence[int]) -> float:
    """Variance of the pooled share over its variance were all events independent; at least 1, and 1 where all agree.

    Source: the ratio estimator's variance between clusters, Cochran, Sampling Techniques (1977), 6.3 and 9A.
    """
    batches = [(k, n) for k, n in zip(ks, ns, strict=True) if n > 0]
    events, total = sum(k for k, _ in batches), sum(n for _, n in batches)
    if len(batches) < 2 or events in (0, total):
        return 1.0
    share = events / total
    between = sum((k - share * n) ** 2 for k, n in batches) * len(batches) / (len(batches) - 1) / total**2
    return max(1.0, between / (share * (1 - share) / total))


def effective(ks: Sequence[int], ns: Sequence[int], confidence: float = 0.95) -> tuple[float, float]:
    """(k, n) as independent events would have to be to tell as little: events, and how many of them happened.

    A design effect known from few batches is itself unsure: Student's t on their number makes up for it.
    Source: Korn and Graubard, Confidence intervals for proportions with small expected number of positive counts, Survey
    Methodology 24 (1998).
    """
    from scipy.special import stdtrit  # Student's t, inverse

    total, events = sum(ns), sum(ks)
    batches = sum(1 for n in ns if n > 0)
    deff = design_effect(ks, ns)
    if deff <= 1.0 or batches < 2:
        return float(events), float(total)
    upper = (1 + confidence) / 2
    wider = float(stdtrit(batches - 1, upper)) / float(stdtrit(max(total - 1, 1), upper))
    n = max(total / (deff * wider**2), 1.0)
    return events / total * n, n


def clustered(ks: Sequence[int], ns: Sequence[int], confidence: float = 0.95) -> tuple[float, float]:
    """The two-sided interval of a share from its batches: Clopper-Pearson of the effective numbers (Korn-Graubard)."""
    return clopper_pearson(*effective(ks, ns, confidence), confidence)


def wilson(k: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """The two-sided score interval of a share. (0, 1) for n = 0. Source: Wilson, JASA 22 (1927)."""
    from scipy.special import ndtri

    if n <= 0:
        return 0.0, 1.0
    z = float(ndtri((1 + confidence) / 2))
    share, wide = k / n, z * z / n
    middle = (share + wide / 2) / (1 + wide)
    half = z * math.sqrt(share * (1 - share) / n + wide / (4 * n)) / (1 + wide)
    return max(0.0, middle - half), min(1.0, middle + half)


def newcombe(k1: float, n1: float, k2: float, n2: float, confidence: float = 0.95) -> tuple[float, float]:
    """The two-sided interval of share 1 less share 2, from the score interval of each.

    Source: Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17
    (1998), method 10; as statsmodels' confint_proportions_2indep(method="newcomb").
    """
    share1, share2 = (k1 / n1 if n1 else 0.0), (k2 / n2 if n2 else 0.0)
    (low1, high1), (low2, high2) = wilson(k1, n1, confidence), wilson(k2, n2, confidence)
    difference = share1 - share2
    return (
        difference - math.hypot(share1 - low1, high2 - share2),
        difference + math.hypot(high1 - share1, share2 - low2),
    )


def p_beyond(low_at: Callable[[float], float], limit: float) -> float:
    """The one-sided p-value of "it is no greater than the limit", from the interval's lower end at any confidence.

    `low_at(confidence)` is that of a two-sided interval. It is found where it just touches the limit: so p < 0.05 exactly
    when the 90 % interval lies beyond, and a correction for many claims (Holm) needs nothing else.
    """
    low_p, high_p = math.log(SMALLEST_P), math.log(0.5)
    if low_at(1 - 2 * SMALLEST_P) > limit:
        return SMALLEST_P
    if low_at(1e-6) <= limit:
        return 1.0  # not even the middle is beyond
    for _ in range(60):
        middle = (low_p + high_p) / 2
        low_p, high_p = (low_p, middle) if low_at(1 - 2 * math.exp(middle)) > limit else (middle, high_p)
    return math.exp(high_p)
