"""Requests that an inner service may have been asked more often than the load asked its door: retries, a fan-out. Pure.

What a caller made of one request nobody wrote down. So more than the load sent is no lie of an inner service's counter, as it is of the
door's own, unless the claim states how many each request is (`per_request`) and nothing went wrong that could have been tried again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from harness.expectations.census import CLASSES
from harness.expectations.metric_inner import Inner, on, shown, stretches
from harness.expectations.metric_names import OURS, class_of
from harness.expectations.metric_sides import Told
from harness.expectations.metric_steady import calm_told, counted
from harness.quantities import figures
from harness.verdict import Finding, inconclusive

STATED = "`in_front` with the statuses that it answers by itself, [] where it answers none and keeps no copy; "
FAILED = ("5xx", "timeout", "conn", "wrong")


def repeated(
    told: Told, endpoints: Collection[int], rose: float, most: int, per_request: int | None = None
) -> Finding | None:
    """Why these requests may have been counted more than `most` times; None: the service is the one that the load goes to, or as the
    claim states it was asked for each so many times and no more."""
    inner = told.inner
    if inner is None:
        return None
    before, usual = _before(told, endpoints, per_request or 1)
    trouble = _trouble(told, endpoints)
    if per_request is not None and (not trouble or usual == "more"):
        return None
    each = rose / max(1, told.census.most(endpoints))
    said = (
        f"{told.claim.metric} counted {rose:g} requests to {inner.service} {told.where}, and the load had at most {most}"
        f"{before}: {inner.door}, which the load goes to, "
    )
    if usual == "more" or not trouble:
        return inconclusive(
            f"{said}may ask {inner.service} more than once for one request (a fan-out), {figures(each)} times on average{_others(inner)}",
            reason="fan_out",
            decide=f"metric_count_truth with `per_request: {max(1, round(each))}`, if that is how often it asks for each; `only` with labels "
            f"of those that it asks for once; a claim on {inner.door}'s own counter",
            cites=told.cites(),
            details=told.details(),
        )
    return inconclusive(
        f"{said}may have asked again: {trouble}{_others(inner)}",
        reason="caller_retries",
        decide=f"`only` with labels that further attempts do not have; a claim on {inner.door}'s own counter, which has each once; "
        f"metric_count_truth with `per_request: {per_request or max(1, round(each))}` in a phase without a fault",
        cites=told.cites(),
        details=told.details(),
    )


def made_good(told: Told, endpoints: Collection[int], errors: float, most: int, to_state: str = "") -> Finding | None:
    """Why an inner service may have counted more errors than users were told; None: it is the one that the load goes to. `to_state`:
    what a claim may state that would decide it."""
    inner = told.inner
    if inner is None:
        return None
    trouble = _trouble(told, endpoints)
    return inconclusive(
        f"{told.claim.metric} has {errors:g} errors of {inner.service} {told.where}, of which at most {most} can have reached users: "
        f"{inner.door}, which the load goes to, may have asked again, or answered from a copy"
        f"{f' ({trouble})' if trouble else ''}{_others(inner)}",
        reason="made_good",
        decide=f"{to_state}a claim on {inner.door}'s own counter, for what users were told; `only` with labels that further attempts do not have",
        cites=told.cites(),
        details=told.details(),
    )


def may_hold_twice(told: Told, rose: float, most: int) -> bool:
    """Whether what the series rose by may hold a request more than once, so that what is more than the load had of one kind tells
    nothing: more was counted than it sent, or answers may have been lost on their way to who asked, and asked for anew."""
    inner = told.inner
    return inner is not None and (rose > most or any(inner.leads(one.target) for one in on(told)))


def _before(told: Told, endpoints: Collection[int], per_request: int) -> tuple[str, str]:
    """What was counted in the steady state, for a sentence; and whether that was 'more' than asked, 'as many', or not known ('')."""
    both = calm_told(told)
    if both is None or not (least := both.census.least(endpoints)):
        return "", ""
    rose, most = counted(both, endpoints), both.census.most(endpoints)
    more = rose > per_request * most and not _trouble(both, endpoints)
    return f" (in the steady state {rose:g} for {least} to {most})", "more" if more else "as many"


def _trouble(told: Told, endpoints: Collection[int]) -> str:
    """What went wrong between the edges that a caller may have tried again, for a sentence; '' for nothing."""
    these = on(told)
    met = told.census.under_way(endpoints, range(CLASSES), stretches(told, these)) if these else 0
    found = [f"{met} requests of the load were under way while {shown(these)}"] * bool(these)
    failed = told.census.fates(endpoints, FAILED)[1]
    found += [f"{failed} failed for their users"] * bool(failed)
    errors = sum(rise.value or 0.0 for rise in told.counters.rises(told.claim.selectors()[0]) if _is_error(rise.labels))
    found += [f"{errors:g} were counted with a status of 5xx"] * bool(errors)
    return ", ".join(found)


def _is_error(labels: Mapping[str, str]) -> bool:
    return any(class_of(value, label) == 5 for label, value in labels.items() if label not in OURS)


def _others(inner: Inner) -> str:
    return f"; {' and '.join(inner.callers)} may have asked too" if inner.callers else ""
