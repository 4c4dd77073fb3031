"""Queries of a drill that no PromQL parser can read: each would be refused by Prometheus, a look after the other. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.drill.guards import PromGuard
from harness.drill.problem import Problem
from harness.promql import readings

if TYPE_CHECKING:
    from harness.plan import Plan


def unread_queries(plan: Plan) -> Iterator[Problem]:
    """Warnings, no errors: the parser here may be older than the Prometheus that is asked."""
    for claim in plan.all_claims:
        for query in claim.expectation.queries():
            if why := _unread(query):
                what = f"{claim.id} will be inconclusive if Prometheus cannot read its query either: {why}"
                yield replace(plan.drill.problem(claim.id, what, "query"), severity="warning")
    for number, guard in enumerate(plan.drill.abort.any):
        if isinstance(guard, PromGuard) and (why := _unread(guard.query)):
            what = (
                f"'{guard}' cannot be looked at, and trips as blind, if Prometheus cannot read its query either: {why}"
            )
            yield plan.drill.origin.document.warning(("abort", "any", number), what)


def _unread(query: str) -> str:
    try:
        list(readings(query))
    except ValueError as error:
        return str(error)
    return ""
