"""Why the histogram of a service behind another may differ from what the load's requests took: the other takes time of its own, and
need not have waited for an answer. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection

from harness.expectations.census import CLASSES
from harness.expectations.metric_buckets import Buckets
from harness.expectations.metric_hidden import Hidden
from harness.expectations.metric_in_front import FRONT, either
from harness.expectations.metric_inner import on, stretches
from harness.expectations.metric_sides import Told
from harness.quantities import figures
from harness.verdict import Details, Finding, inconclusive


def inner_time(
    told: Told, one: Buckets, le_s: float, rose: float, hidden: Hidden, details: Details, *, stated: bool
) -> Finding | None:
    """None: it is the one that the load goes to, or the claim states how much may pass outside of its timer (`stated`), or it has slow requests
    for whose answers somebody waited."""
    inner = told.inner
    if inner is None:
        return None
    door = f"{inner.door}, which the load goes to,"
    slower = one.least_at(le_s) - rose
    if slower > 0:
        unawaited = _not_awaited(told, one.endpoints)
        if slower > unawaited:
            return None
        why = (
            f"{slower:g} or more took longer than {le_s:g} s in {inner.service} and not for their users, and for {unawaited} {door} may "
            f"not have waited: a fault was on, or it answered {either(FRONT)}"
        )
        decide = "the claim in a phase without a fault"
    elif stated:
        return None
    else:
        ms = math.ceil(one.hidden_us() / 1000)
        why = (
            f"{ms} ms passed outside of the timer of {inner.service} for 99 of 100 requests, and not {figures(hidden.ms, 4)} ms: it may "
            f"be the time of {door} or of others that it asks"
        )
        decide = f"`hidden: {ms}ms`, if so much in {inner.door} is usual"
    return inconclusive(
        f"{told.claim.metric} {told.where}: {why}",
        reason="inner_time",
        decide=f"{decide}; a claim on {inner.door}'s own histogram",
        cites=told.cites(),
        details=details,
    )


def _not_awaited(told: Told, endpoints: Collection[int]) -> int:
    """So many, at most, were answered though the service was still busy with them: under way while a fault was on, or answered as
    who gave up answers."""
    met = told.census.under_way(endpoints, range(CLASSES), stretches(told, on(told)))
    return met or told.census.statuses(endpoints, FRONT)
