"""Faults that the witness could not tell on their edge: every claim of their phase would be inconclusive. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.drill.problem import Problem
from harness.edges import Edge
from harness.faults.answers import BYTES

if TYPE_CHECKING:
    from harness.plan import Plan


def unseen_faults(plan: Plan, edges: Sequence[Edge]) -> Iterator[Problem]:
    """Warnings: how long answers are is only known for sure once they were seen."""
    by_id = {edge.id: edge for edge in edges}
    for injection in plan.injections:
        edge = by_id.get(injection.fault.target)
        why = injection.fault.unseen(BYTES.get(edge.speaks)) if edge and not edge.refused else ""
        if edge and why:
            what = f"{injection.id} may not be measurable, and the claims of its phase then cannot pass: {why}"
            yield replace(plan.drill.problem(injection.id, what), severity="warning")
