"""Two stretches in batches held against each other: how many more errors, and how much slower, with a margin for each.

Non-inferiority, which is not "no significant difference": within the margin is only what is so with its whole interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.expectations.sampled import CONFIDENCE, Bound, times_more
from harness.quantities import figures
from harness.stats.batches import Batch
from harness.stats.bootstrap import REPLICATES, percentile_ratio
from harness.stats.interval import needed_for_percentile, needed_to_pass
from harness.stats.proportions import clustered, effective, newcombe, p_beyond


def needed(errors: float | None, p95: float | None) -> int:
    """Requests on either side from which like stretches, without any error, are surely within the margins."""
    return max(
        needed_for_percentile(0.95) if p95 is not None else 1, needed_to_pass(errors) if errors is not None else 1
    )


def more_errors(these: Sequence[Batch], those: Sequence[Batch], margin: float, other: str) -> Bound:
    """The share of errors here less that of the other stretch (`other` names it); `margin` a share, 0.001 for +0.1pp."""
    k1, n1, k2, n2 = *_totals(these), *_totals(those)

    def interval(confidence: float) -> tuple[float, float]:
        one = effective([b.errors for b in these], [b.n for b in these], confidence)
        two = effective([b.errors for b in those], [b.n for b in those], confidence)
        return newcombe(*one, *two, confidence)

    low, high = interval(CONFIDENCE)
    said = (
        f"errors {figures(low * 100, 2, signed=True)} to {figures(high * 100, 2, signed=True)} percentage points against {other} "
        f"({k1} of {n1} against {k2} of {n2}, margin +{margin * 100:g}pp)"
    )
    p = p_beyond(lambda confidence: interval(confidence)[0], margin)
    needs = times_more(low, high, k1 / n1 - k2 / n2, margin, min(n1, n2))
    return Bound(said, low * 100, high * 100, margin * 100, "pp", p, needs)


def slower(these: Sequence[Batch], those: Sequence[Batch], margin: float, other: str) -> Bound | None:
    """p95 here over that of the other stretch; `margin` 0.1 for +10%. None where that of the other is not finite.

    Where it is not finite here alone, no margin holds it: then it is asked whether surely more than 5 % had no answer.
    """
    ratio = percentile_ratio([b.times_us for b in these], [b.times_us for b in those], 0.95)
    if ratio is None:
        return _never(these) if _finite(those) and not _finite(these) else None
    low, high = ((end - 1) * 100 for end in ratio.interval(CONFIDENCE))
    point, limit = (ratio.point - 1) * 100, margin * 100
    said = f"p95 {figures(low, signed=True)} % to {figures(high, signed=True)} % against {other} ({figures(point, signed=True)} % here, margin +{limit:g} %)"
    p = max(p_beyond(lambda confidence: ratio.interval(confidence)[0], 1 + margin), 1 / (REPLICATES + 1))
    n = min(sum(b.n for b in these), sum(b.n for b in those))
    needs = times_more(low, high, point, limit, n) if math.isfinite(high - low) else "more requests with an answer"
    return Bound(said, low, high, limit, "%", p, needs)


def _never(these: Sequence[Batch]) -> Bound:
    """A p95 that is no answer, as the share of requests without one: infinite where it is more than 5 %."""
    ks, ns = [_unanswered(batch) for batch in these], [batch.n for batch in these]
    low, high = clustered(ks, ns, CONFIDENCE)
    said = (
        f"p95 was no answer: {low * 100:.3g}% to {high * 100:.3g}% of requests in like runs had no answer "
        f"({sum(ks)} of {sum(ns)} here, and p95 bears 5%)"
    )
    p = p_beyond(lambda confidence: clustered(ks, ns, confidence)[0], 0.05)
    needs = times_more(low, high, sum(ks) / sum(ns), 0.05, sum(ns))
    return Bound(said, low * 100, high * 100, 5.0, "%", p, needs)


def _finite(cut: Sequence[Batch]) -> bool:
    """Whether the p95 of a stretch is the time of an answer (nearest rank)."""
    n = sum(batch.n for batch in cut)
    return n > 0 and n - sum(map(_unanswered, cut)) >= max(1, math.ceil(round(0.95 * n, 6)))


def _unanswered(batch: Batch) -> int:
    return int((batch.times_us == math.inf).sum())


def _totals(cut: Sequence[Batch]) -> tuple[int, int]:
    return sum(batch.errors for batch in cut), sum(batch.n for batch in cut)
