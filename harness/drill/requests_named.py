"""Requests that a drill names and its locustfile never makes, or makes only to prepare its users. Where the locustfile's text does not tell
all of its requests, that they were not checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

from harness.drill.endpoints import untold
from harness.drill.guards import request_of
from harness.drill.model import Drill, Origin
from harness.drill.problem import Problem, did_you_mean
from harness.expectations.base import Expectation
from harness.stats import Condition

ABOUT_ONE = (
    "answers_as_usual",
    "errors_below",
    "impact",
    "log_coverage",
    "no_regression",
    "not_metastable",
    "outage_below",
    "responds_within",
    "retries_bounded",
    "traces",
)
"""Claims whose `request` is a request's name in the ledger."""


def request_problems(drill: Drill) -> Iterator[Problem]:
    """A gate could never hold on it, a guard never trip, an order book have no operations. A claim could be inconclusive only,
    which is a warning."""
    called = drill.origin.endpoints
    if called is None:
        return
    document = drill.origin.document
    for number, condition in enumerate(drill.steady.all):
        if isinstance(condition, Condition) and (why := _none_counts(condition.request, drill.origin)):
            yield document.problem(("steady", "all", number), f"{why}: the gate would see none")
    for number, guard in enumerate(drill.abort.any):
        if why := _none_counts(request_of(guard), drill.origin):
            yield document.problem(("abort", "any", number), f"{why}: the guard would see none")
    for name, orders in drill.orders.items():
        if orders.request not in called:
            what = f"orders.{name}: {_made_not(orders.request, called)}"
            yield document.problem(("orders", name, "request"), what)
    for _, _, claim in drill.claims():
        request = _of_claim(claim)
        if why := _none_counts(request, drill.origin):
            what = f"{claim.id} could only be inconclusive: {why}"
            yield replace(drill.problem(claim.id, what, "request"), severity="warning")
        for pattern in _patterns(claim):
            if not any(fnmatchcase(name, pattern) for name in called):
                what = f"{claim.id}: {_made_not(pattern, called)}"
                yield replace(drill.problem(claim.id, what, "requests"), severity="warning")


def unchecked_requests(drill: Drill) -> str:
    """Which names nobody could look for in the locustfile, and why; '' where all could be, and for none."""
    if drill.origin.endpoints is not None:
        return ""
    asked = [one.request for one in drill.steady.all if isinstance(one, Condition)]
    asked += [request_of(guard) for guard in drill.abort.any]
    asked += [orders.request for orders in drill.orders.values()]
    asked += [name for _, _, claim in drill.claims() for name in (_of_claim(claim), *_patterns(claim))]
    names = [name for name in dict.fromkeys(asked) if name]
    what = f"that the locustfile makes {', '.join(names)} could not be checked"
    return f"{what}: {untold(*drill.locustfiles)}" if names else ""


def _of_claim(claim: Expectation) -> str:
    return getattr(claim, "request", "") if claim.word in ABOUT_ONE else ""


def _patterns(claim: Expectation) -> tuple[str, ...]:
    return getattr(claim, "requests", ()) if claim.word == "canary_judged" else ()


def _none_counts(request: str, origin: Origin) -> str:
    """Why no request of this name counts in a claim; '' where some may, and for none."""
    if request and request not in (called := origin.endpoints or ()):
        return _made_not(request, called)
    if request in origin.prepared:
        alone = f"only a user's on_start asks {request!r}, which is preparation and counts nowhere"
        return f"{alone}; in a task, or in the on_start of a TaskSet, it is load"
    return ""


def _made_not(request: str, called: tuple[str, ...]) -> str:
    near = did_you_mean(request, called) or f"; it has {', '.join(called)}"
    return f"the locustfile makes no request {request!r}{near}"
