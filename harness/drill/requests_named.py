"""Requests that a drill names and its locustfile never makes, or makes only to prepare its users. Where the locustfile's text does not tell
all of its requests, that they were not checked."""

from __future__ import annotations

import re
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
    origin = drill.origin
    if origin.unnamed is None:
        return
    document = drill.origin.document
    for number, condition in enumerate(drill.steady.all):
        if isinstance(condition, Condition) and (why := _none_counts(condition.request, origin)):
            yield document.problem(("steady", "all", number), f"{why}: the gate would see none")
    for number, guard in enumerate(drill.abort.any):
        if why := _none_counts(request_of(guard), origin):
            yield document.problem(("abort", "any", number), f"{why}: the guard would see none")
    for name, orders in drill.orders.items():
        if not _may_be(orders.request, origin):
            what = f"orders.{name}: {_made_not(orders.request, origin)}"
            yield document.problem(("orders", name, "request"), what)
    for _, _, claim in drill.claims():
        request = _of_claim(claim)
        if why := _none_counts(request, origin):
            what = f"{claim.id} could only be inconclusive: {why}"
            yield replace(drill.problem(claim.id, what, "request"), severity="warning")
        for pattern in _patterns(claim):
            if not _may_match(pattern, origin):
                what = f"{claim.id}: {_made_not(pattern, origin)}"
                yield replace(drill.problem(claim.id, what, "requests"), severity="warning")


def unchecked_requests(drill: Drill) -> str:
    """Which names nobody could look for in the locustfile, and why; '' where all could be, and for none."""
    origin = drill.origin
    asked = [one.request for one in drill.steady.all if isinstance(one, Condition)]
    asked += [request_of(guard) for guard in drill.abort.any]
    asked += [orders.request for orders in drill.orders.values()]
    asked += [_of_claim(claim) for _, _, claim in drill.claims()]
    open_ = [name for name in asked if name and name not in origin.named and _may_be(name, origin)]
    patterns = [pattern for _, _, claim in drill.claims() for pattern in _patterns(claim)]
    open_ += [pattern for pattern in patterns if _may_match(pattern, origin) and not _matches(pattern, origin)]
    names = list(dict.fromkeys(open_))
    what = f"that the locustfile makes {', '.join(names)} could not be checked"
    return f"{what}: {untold(*drill.locustfiles)}" if names else ""


def _of_claim(claim: Expectation) -> str:
    return getattr(claim, "request", "") if claim.word in ABOUT_ONE else ""


def _patterns(claim: Expectation) -> tuple[str, ...]:
    return getattr(claim, "requests", ()) if claim.word == "canary_judged" else ()


def _none_counts(request: str, origin: Origin) -> str:
    """Why no request of this name counts in a claim; '' where some may, and for none."""
    if request and not _may_be(request, origin):
        return _made_not(request, origin)
    if request in origin.prepared:
        alone = f"only a user's on_start asks {request!r}, which is preparation and counts nowhere"
        return f"{alone}; in a task, or in the on_start of a TaskSet, it is load"
    return ""


def _may_be(request: str, origin: Origin) -> bool:
    """Whether a request has this name, or may have it: one of its method is named as it runs."""
    return origin.unnamed is None or request in origin.named or request.partition(" ")[0] in origin.unnamed


def _may_match(pattern: str, origin: Origin) -> bool:
    fixed = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
    some = any(f"{method} ".startswith(fixed) or fixed.startswith(f"{method} ") for method in origin.unnamed or ())
    return origin.unnamed is None or some or _matches(pattern, origin)


def _matches(pattern: str, origin: Origin) -> bool:
    return any(fnmatchcase(name, pattern) for name in origin.named)


def _made_not(request: str, origin: Origin) -> str:
    others = [f"{method} requests that are named as it runs" for method in origin.unnamed or ()]
    near = did_you_mean(request, origin.named) or f"; it has {', '.join((*origin.named, *others))}"
    return f"the locustfile makes no request {request!r}{near}"
