"""What bounds a run: its longest duration, its guards, its blast radius; and what is wrong with them on this stack. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.alerting import named
from harness.drill.blast_radius import Limit, unknown
from harness.drill.guards import AlertGuard, DeathGuard
from harness.drill.model import Drill
from harness.drill.problem import Problem, did_you_mean, no_service
from harness.expectations.steps import Step
from harness.quantities import spell

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


def radius_known(drill: Drill, services: Sequence[str]) -> Iterator[Problem]:
    """Names in the drill's own blast radius that the stack does not have."""
    for word, number, name in unknown(drill.blast_radius, services) if drill.blast_radius is not None else ():
        path = ("blast_radius", word, number)
        yield drill.origin.document.problem(path, no_service(f"blast_radius.{word}", name, services))


def guards_on_services(drill: Drill, services: Sequence[str]) -> Iterator[Problem]:
    """Guards on the containers of a service that is not there."""
    for number, guard in enumerate(drill.abort.any):
        for name in (guard.service, *guard.allow) if isinstance(guard, DeathGuard) else ():
            if not set("*?[") & set(name) and name not in services:
                yield drill.origin.document.problem(("abort", "any", number), no_service(str(guard), name, services))


def alerts_evaluated_late(plan: Plan) -> Iterator[Problem]:
    """A gate on `no alert firing` that may be over before each rule was evaluated for the first time."""
    steady = plan.drill.steady
    rules = [
        rule
        for rule in plan.alerts or ()
        if rule.kind == "alerting"
        and rule.interval_s > steady.within_s
        and steady.quiet is not None
        and not any(named(rule.rule, allowed) for allowed in steady.quiet.allow)
    ]
    if rules:
        slow = max(rules, key=lambda rule: rule.interval_s)
        what = (
            f"'{steady.quiet}' holds only once each rule was evaluated, {slow.rule} every {spell(slow.interval_s)}; `within` is "
            f"{spell(steady.within_s)}: make it longer, the interval of the rule's group shorter, or let that alert fire "
            f"(no alert firing except {slow.rule})"
        )
        yield plan.drill.origin.document.warning(("steady", "within"), what)


def alerts_unknown(plan: Plan) -> Iterator[Problem]:
    """Guards on an alert for which no rule was found in Prometheus' files: perhaps a name misspelt, which would never trip."""
    rules = sorted({rule.rule for rule in plan.alerts or () if rule.kind == "alerting"})
    for number, guard in enumerate(plan.drill.abort.any):
        if rules and isinstance(guard, AlertGuard) and not any(guard.means(rule) for rule in rules):
            hint = did_you_mean(guard.name, rules) or f"; there are {', '.join(rules)}"
            unread = f"; not all of them were read: {plan.alerts_unread}" if plan.alerts_unread else ""
            what = (
                f"'{guard}' may never trip: no rule of the stack's Prometheus is an alert that it means{hint}{unread}"
            )
            yield plan.drill.origin.document.warning(("abort", "any", number), what)


def alerts_unread(plan: Plan) -> Iterator[Problem]:
    """That the alerts which a drill names were not looked for among Prometheus' rules: none of these can be read here."""
    claimed = (getattr(claim.expectation, "alert", "") for claim in plan.all_claims)
    guarded = (guard.name for guard in plan.drill.abort.any if isinstance(guard, AlertGuard))
    names = [name for name in dict.fromkeys((*claimed, *guarded)) if name not in ("", "*")]
    if names and plan.alerts_unread and not any(rule.kind == "alerting" for rule in plan.alerts or ()):
        what = f"the rules of {', '.join(names)} were not checked, because {plan.alerts_unread}"
        yield plan.drill.origin.document.warning(("stack",), what)
