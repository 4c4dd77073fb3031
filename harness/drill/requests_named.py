"""Requests that a drill names and its locustfile never makes. Told only where the locustfile's text tells all of its requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

from harness.drill.guards import request_of
from harness.drill.model import Drill
from harness.drill.problem import Problem, did_you_mean
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
        if isinstance(condition, Condition) and _absent(condition.request, called):
            what = f"{_made_not(condition.request, called)}: the gate would see none"
            yield document.problem(("steady", "all", number), what)
    for number, guard in enumerate(drill.abort.any):
        request = request_of(guard)
        if _absent(request, called):
            what = f"{_made_not(request, called)}: the guard would see none"
            yield document.problem(("abort", "any", number), what)
    for name, orders in drill.orders.items():
        if orders.request not in called:
            what = f"orders.{name}: {_made_not(orders.request, called)}"
            yield document.problem(("orders", name, "request"), what)
    for _, _, claim in drill.claims():
        request = getattr(claim, "request", "") if claim.word in ABOUT_ONE else ""
        if _absent(request, called):
            what = f"{claim.id} could only be inconclusive: {_made_not(request, called)}"
            yield replace(drill.problem(claim.id, what, "request"), severity="warning")
        for pattern in getattr(claim, "requests", ()) if claim.word == "canary_judged" else ():
            if not any(fnmatchcase(name, pattern) for name in called):
                what = f"{claim.id}: {_made_not(pattern, called)}"
                yield replace(drill.problem(claim.id, what, "requests"), severity="warning")


def _absent(request: str, called: tuple[str, ...]) -> bool:
    return bool(request) and request not in called


def _made_not(request: str, called: tuple[str, ...]) -> str:
    near = did_you_mean(request, called) or f"; it has {', '.join(called)}"
    return f"the locustfile makes no request {request!r}{near}"
