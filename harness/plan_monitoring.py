"""What a drill asks of the stack's own monitoring that it has not got: an alert, a rule, a job, a Prometheus at all. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.alerting import Quiet, named
from harness.drill.guards import AlertGuard, PromGuard
from harness.drill.problem import Problem, did_you_mean
from harness.plan_reach import reach_of
from harness.quantities import spell

if TYPE_CHECKING:
    from harness.plan import Plan

_JOB = re.compile(r'[{,]\s*job\s*=\s*"([^"\\]+)"')


def unwatched(plan: Plan) -> Iterator[Problem]:
    """What the stack's own monitoring would have to show and cannot: claims become inconclusive, gates and guards are refused."""
    if plan.monitoring is None:
        return
    drill, document = plan.drill, plan.drill.origin.document
    yield from _alerts_unknown(plan)
    yield from _alerts_unread(plan)
    yield from _alerts_evaluated_late(plan)
    yield from _jobs_unknown(plan)
    for claim in plan.all_claims:
        why = claim.expectation.unseen(reach_of(plan, claim))
        if why:
            problem = drill.problem(claim.id, f"{claim.id} will be inconclusive: {why}")
            yield replace(problem, severity="warning")
    if plan.monitoring.get("prometheus"):
        return
    why = plan.monitoring.get("why") or "none in its Compose file"
    for number, condition in enumerate(drill.steady.all):
        if isinstance(condition, Quiet):
            what = f"'{condition}' could never hold: the stack has no Prometheus ({why})"
            yield document.problem(("steady", "all", number), what)
    for number, guard in enumerate(drill.abort.any):
        if isinstance(guard, (PromGuard, AlertGuard)):
            what = f"'{guard}' could never be asked: the stack has no Prometheus ({why})"
            yield document.problem(("abort", "any", number), what)


def _alerts_evaluated_late(plan: Plan) -> Iterator[Problem]:
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


def _alerts_unknown(plan: Plan) -> Iterator[Problem]:
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


def _alerts_unread(plan: Plan) -> Iterator[Problem]:
    """That the alerts which a drill names were not looked for among Prometheus' rules: none of these can be read here."""
    claimed = (getattr(claim.expectation, "alert", "") for claim in plan.all_claims)
    guarded = (guard.name for guard in plan.drill.abort.any if isinstance(guard, AlertGuard))
    names = [name for name in dict.fromkeys((*claimed, *guarded)) if name not in ("", "*")]
    if names and plan.alerts_unread and not any(rule.kind == "alerting" for rule in plan.alerts or ()):
        what = f"the rules of {', '.join(names)} were not checked, because {plan.alerts_unread}"
        yield plan.drill.origin.document.warning(("stack",), what)


def _jobs_unknown(plan: Plan) -> Iterator[Problem]:
    """Series that are asked for by a job which Prometheus' configuration has not. A warning: a rule may bring the name."""
    for claim in plan.all_claims:
        if why := _no_job(plan, (*claim.expectation.queries(), *claim.expectation.series())):
            yield replace(plan.drill.problem(claim.id, f"{claim.id} may find no series: {why}"), severity="warning")
    for number, guard in enumerate(plan.drill.abort.any):
        if isinstance(guard, PromGuard) and (why := _no_job(plan, (guard.query,))):
            what = f"'{guard}' may never trip: {why}"
            yield plan.drill.origin.document.warning(("abort", "any", number), what)


def _no_job(plan: Plan, queries: Iterable[str]) -> str:
    """The sentence about jobs that are none of the configuration's; '' for none, and where these are not all known."""
    jobs = list(plan.jobs or ())
    asked = dict.fromkeys(name for query in queries for name in _JOB.findall(query))
    if not jobs or not (unknown := [name for name in asked if name not in jobs]):
        return ""
    near = did_you_mean(unknown[0], jobs) or f"; there are {', '.join(jobs)}"
    return f"Prometheus' configuration has no job {', '.join(map(repr, unknown))}{near}, and only a rule could make one"
