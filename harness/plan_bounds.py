"""What bounds a run: its longest duration, its blast radius, and what would go beyond that. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.drill.blast_radius import Limit
from harness.drill.model import Drill
from harness.drill.problem import Problem
from harness.expectations.steps import Step

if TYPE_CHECKING:
    from harness.plan import Claim, Plan

RESTARTS = (
    3  # groups of services, after a phase, of a drill that restarts what does not come back (`came_back.suspects`)
)
BEGIN_S, MEND_S = 120.0, 60.0  # what a start of images and helpers may take, and the slowest mends of a phase


def max_duration_s(plan: Plan) -> float:
    """Of a drill that states none: what its waits may take together at the most, in whole minutes."""
    waits_s = BEGIN_S + plan.drill.stack.ready_within_s + plan.longest_s
    mend_s = MEND_S
    if plan.drill.restore == "restart":
        mend_s += RESTARTS * (MEND_S + plan.drill.steady.within_s + plan.drill.steady.for_s)
    mends_s = mend_s * sum(bool(phase.injections) for phase in plan.phases)
    return math.ceil((waits_s + mends_s) / 60) * 60.0


def limits_on(drill: Drill, narrowed_to: Sequence[Limit]) -> tuple[Limit, ...]:
    """The drill's own blast radius, if it states one, and its project's."""
    own = drill.blast_radius
    return (*([Limit(own, "this drill", "blast_radius")] if own is not None else []), *narrowed_to)


def beyond_radius(plan: Plan, narrowed_to: Sequence[Limit]) -> Iterator[Problem]:
    """Faults, releases and steps that touch what they may not."""
    for limit in limits_on(plan.drill, narrowed_to):
        for injection in plan.injections:
            targets = injection.fault.targets
            for target in targets:
                if why := limit.refuses(target):
                    word = "edge" if injection.fault.on_edge else "service"
                    yield plan.drill.problem(injection.id, f"{injection.id}: {why}", word)
            if not targets:
                yield plan.drill.problem(injection.id, f"{injection.id}: {limit.refuses_unknown(injection.fault.word)}")
        for claim, step in _steps(plan):
            targets = _touched(plan, claim, step)
            for why in filter(None, map(limit.refuses, targets)):
                yield plan.drill.problem(claim.id, f"{claim.id}: {why}", "service" if step.service else "command")
            if not targets:
                unknown_to_us = limit.refuses_unknown(f"the command of {step.word}")
                yield plan.drill.problem(claim.id, f"{claim.id}: {unknown_to_us}", "command")


def unbounded(plan: Plan) -> Iterator[tuple[str, str]]:
    """Whatever nobody can hold to a radius, by its id and the command that it runs: faults and steps that name no service."""
    for injection in plan.injections:
        if not injection.fault.targets:
            yield injection.id, str(injection.fault.stated().get("run", injection.fault.target))
    for claim, step in _steps(plan):
        if not _touched(plan, claim, step):
            yield claim.id, step.text


def _steps(plan: Plan) -> Iterator[tuple[Claim, Step]]:
    """What is done by commands of the user's own, upon a trigger."""
    for claim in plan.all_claims:
        if isinstance(claim.expectation, Step) and claim.expectation.command:
            yield claim, claim.expectation


def _touched(plan: Plan, claim: Claim, step: Step) -> tuple[str, ...]:
    """The services that a step's command is about: the one that it names, else those of its phase's releases; () where nothing says."""
    if step.service:
        return (step.service,)
    released = (it.fault for phase in plan.phases if phase.name == claim.phase for it in phase.injections)
    return tuple(dict.fromkeys(target for fault in released if fault.outlasts for target in fault.targets))
