"""What a histogram's buckets tell of a quantile, beside what the load knows of it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.expectations.metric_buckets import Buckets, us
from harness.expectations.metric_sides import Told
from harness.quantities import figures
from harness.series import shown_quantile
from harness.stats import needed_for_percentile
from harness.verdict import Details, Finding, Measure, failed, inconclusive


def unreadable(told: Told, metric: str, found: Sequence[Buckets], quantile: float, details: Details) -> Finding | None:
    """Why the quantile cannot be read from the buckets, or None."""
    needed, spelt = needed_for_percentile(quantile), f"p{100 * quantile:g}"
    enough = [one for one in found if len(one.sure) >= needed]
    for one in enough:
        low_s, high_s = one.at(quantile)
        if math.isinf(high_s) and low_s < one.last_s:
            beyond = f"{spelt} of {one.name} lies beyond the last bucket that all series have, {low_s:g} s"
            return unlike_buckets(told, f"{beyond}; some have {one.last_s:g} s", details)
        if math.isinf(high_s):
            waited = one.waited_ms(quantile)[0]
            examples = told.slow_examples(one.endpoints, us(low_s), over=True)
            return failed(
                f"{metric} of {one.name}: {spelt} lies beyond the last bucket, {low_s:g} s, and that is what is shown; "
                f"users waited {figures(waited, 4)} ms",
                reason="buckets_too_low",
                measure=Measure(low_s * 1000, math.inf, "ms"),
                cites=told.cites(*examples),
                census=True,
                details=(*details, told.ids(examples)),
            )
    if not enough:
        return inconclusive(
            f"{spelt} needs {needed} requests, and at most {max((len(one.sure) for one in found), default=0)} were surely timed",
            reason="too_few",
            decide=f"{needed} requests in the window",
            cites=told.cites(),
            details=details,
        )
    return None


def shown_beside(one: Buckets, quantile: float) -> str:
    """The quantile that the buckets give, that histogram_quantile shows of them, and the load's own."""
    low_s, high_s = one.at(quantile)
    shown_ms = 1000 * shown_quantile(one.rose, quantile)
    waited = "–".join(figures(ms, 4) for ms in one.waited_ms(quantile))
    says = f"over {low_s * 1000:g} ms" if math.isinf(high_s) else f"{low_s * 1000:g}–{high_s * 1000:g} ms"
    return (
        f"{one.count:g} timed, the load had {len(one.sure)} to {one.most}; "
        f"p{100 * quantile:g}: the service says {says}, histogram_quantile shows {figures(shown_ms, 4)} ms, "
        f"the load had {waited} ms"
    )


def unlike_buckets(told: Told, said: str, details: Details) -> Finding:
    """Series whose buckets differ tell less together than each route's alone."""
    return inconclusive(
        said,
        reason="unlike_buckets",
        decide='a claim for each route: `request` such as "{method} {route}", or `only`',
        cites=told.cites(),
        details=details,
    )
