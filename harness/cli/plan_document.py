"""A plan as data, for `drill plan --json`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from harness.cli.confirm import protected_by
from harness.plan_bounds import unbounded
from harness.plan_reach import reach_of

if TYPE_CHECKING:
    from harness.cli.attach import PlannedOn
    from harness.cli.inputs import Looked
    from harness.plan import Claim, Plan
    from harness.target.model import Target


def document(plan: Plan, looked: Looked, target: Target | None = None, on: PlannedOn | None = None) -> dict[str, Any]:
    """The plan as data; times in seconds, those of a phase from its beginning."""

    def claim(item: Claim) -> dict[str, Any]:
        reach = reach_of(plan, item)
        return {
            "id": item.id,
            "text": item.text,
            "where": item.where,
            "then": item.then,
            "window_s": reach.window_s,
            "late_s": item.expectation.late_s(),
            "requests_at_most": round(reach.arrivals) if math.isfinite(reach.arrivals) else None,
            "needs": item.expectation.needs(reach),
        }

    phases = [
        {
            "name": phase.name,
            "length_s": phase.length_s,
            "begins_s": [phase.begins_earliest_s, phase.begins_latest_s],
            "settle_s": [phase.settle_earliest_s, phase.settle_latest_s],
            "injections": [
                {
                    "id": injection.id,
                    "kind": injection.fault.word,
                    "target": injection.fault.target,
                    "at_s": injection.at_s,
                    "until_s": injection.until_s,
                    "text": plan.drill.text(injection.id),
                    "where": injection.where,
                }
                for injection in phase.injections
            ],
            "claims": [claim(item) for item in phase.claims],
        }
        for phase in plan.phases
    ]
    return {
        "schema": "drill.plan/1",
        "drill": plan.drill.name,
        "file": plan.drill.file,
        "given": list(plan.drill.given),
        "candidate": dict(plan.drill.stack.candidate),
        "gate": {"for_s": plan.drill.steady.for_s, "within_s": plan.drill.steady.within_s},
        "orders": [
            {
                "name": name,
                "request": orders.request,
                "key": str(orders.key),
                "quiet_s": orders.settle.quiet_s,
                "within_s": orders.settle.within_s,
                "sources": [
                    {"name": source, "role": read.role, "reader": read.reader.word, "service": read.reader.place}
                    for source, read in orders.sources.items()
                ],
                "laws": [str(law) for law in orders.laws],
            }
            for name, orders in plan.drill.orders.items()
        ],
        "state": [
            {"name": name, "compare": kept.role, "reader": kept.reader.word, "service": kept.reader.place}
            for name, kept in plan.drill.state.items()
        ],
        "load": {
            "workers": plan.drill.load.all_workers,
            "joining": plan.drill.load.workers.expect if plan.drill.load.workers else 0,
        },
        "phases": phases,
        "claims": [claim(item) for item in plan.claims],
        "takes_s": [plan.shortest_s, plan.longest_s],
        "max_duration_s": plan.max_duration_s,
        "max_duration_stated": plan.drill.abort.max_duration_s is not None,
        "guards": [
            {"guard": str(guard), "stated": guard in plan.drill.abort.any, "blind_s": plan.drill.abort.blind_s}
            for guard in plan.guards
        ],
        "blast_radius": plan.drill.blast_radius.model_dump() if plan.drill.blast_radius is not None else None,
        "radius_unknown": [id_ for id_, _ in unbounded(plan)],
        "protected": [one.name for one in protected_by(plan, looked.project)],
        "edges_checked": looked.edges is not None,
        "services": list(plan.services),
        "target": target.name if target else None,
        "attach": on.running.name if on else None,
        "inserted": [edge.id for edge in on.inserted] if on else [],
        "unavailable": dict(plan.absent),
        "warnings": [str(problem) for problem in (*looked.problems, *plan.problems)],
    }
