"""A drill flattened to what is done when: each injection with its mend, each claim with its window. Pure.

Times of a phase count from its beginning, in seconds; when that is depends on the gate and on how long the stack takes
to be put right, so a plan knows the earliest and the latest. They count from the beginning of the load.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness import plan_bounds
from harness.drill.blast_radius import Limit
from harness.drill.guards import AnyGuard, guards_of
from harness.drill.heavy import too_heavy
from harness.drill.model import Drill, Phase
from harness.drill.problem import Invalid, Problem
from harness.edges import Edge
from harness.expectations.base import Expectation, Steady
from harness.facts import ReceiverSeen, RuleSeen
from harness.faults.base import Fault
from harness.plan_monitoring import unwatched
from harness.plan_names import claims_on_orders, claims_on_services, missing_services, unfit_edges
from harness.plan_queries import unread_queries
from harness.plan_reach import reach_of, requests_due
from harness.plan_rules import mute_alerts
from harness.plan_unseen import unseen_faults
from harness.quantities import spell


@dataclass(frozen=True)
class Injection:
    """A fault with its beginning and its end, from the phase's beginning; at `until_s` it is mended, come what may."""

    id: str
    fault: Fault
    at_s: float
    until_s: float
    where: str


@dataclass(frozen=True)
class Claim:
    """An expectation in its place: its phase ('' for the whole run); `then` when it is about after the phase."""

    id: str
    expectation: Expectation
    phase: str
    then: bool
    where: str
    text: str = ""


@dataclass(frozen=True)
class PlannedPhase:
    """
    begins_earliest_s, begins_latest_s   from the beginning of the load
    settle_earliest_s, settle_latest_s   from the phase's end until the next may begin: `then` claims decided or late,
                                         and the steady state held again for as long as the drill asks
    hold_s    how long the stack is looked at after the last of these claims' limits, for what must be held
    """

    name: str
    length_s: float
    injections: tuple[Injection, ...]
    claims: tuple[Claim, ...]
    begins_earliest_s: float
    begins_latest_s: float
    settle_earliest_s: float
    settle_latest_s: float
    hold_s: float = 0.0


@dataclass(frozen=True)
class Plan:
    """`claims` are those about the whole run; `problems` make the plan unfit to run (warnings among them do not); `limits` are the
    blast radii that bound it; `absent` says of faults and claims, by id, why they are not available where it is played."""

    drill: Drill
    phases: tuple[PlannedPhase, ...]
    claims: tuple[Claim, ...]
    max_duration_s: float
    problems: tuple[Problem, ...] = ()
    services: tuple[str, ...] = ()
    monitoring: Mapping[str, str] | None = None
    alerts: tuple[RuleSeen, ...] | None = None
    alerts_unread: str = ""
    receivers: tuple[ReceiverSeen, ...] | None = None
    scrapes: Mapping[str, float] | None = None
    jobs: Sequence[str] | None = None
    limits: tuple[Limit, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def all_claims(self) -> tuple[Claim, ...]:
        """Every claim, in the file's order: the phases' first, then those about the whole run."""
        return (*(claim for phase in self.phases for claim in phase.claims), *self.claims)

    @property
    def guards(self) -> tuple[AnyGuard, ...]:
        """Whatever ends the run at once: the drill's own guards, and those that stand anyway."""
        return guards_of(self.drill.abort.any)

    @property
    def injections(self) -> tuple[Injection, ...]:
        return tuple(injection for phase in self.phases for injection in phase.injections)

    @property
    def shortest_s(self) -> float:
        """From the beginning of the load to the end of the last phase's settling, when all goes fast."""
        last = self.phases[-1]
        return last.begins_earliest_s + last.length_s + last.settle_earliest_s

    @property
    def longest_s(self) -> float:
        """The same when every wait takes as long as it may; max_duration may end the run before."""
        last = self.phases[-1]
        return last.begins_latest_s + last.length_s + last.settle_latest_s

    def refuse(self) -> None:
        """Raises Invalid when the plan has errors."""
        if self.errors:
            raise Invalid(self.errors)

    def check(
        self, edges: Sequence[Edge] | None = None, services: Sequence[str] | None = None, *, sure: bool = True
    ) -> list[Problem]:
        """What is wrong with the plan on this stack: names not there, edges that cannot be, claims never decided.

        What is None is not known, and not checked. `sure`: all that tells of edges was read; without it (an image is not
        here yet) an edge that was not found is a warning.
        """
        names = tuple(services or self.services)
        knowing = replace(self, services=names)
        lost = dict(claims_on_services(self, names)) if services is not None else {}
        found = (
            list(claims_on_orders(self))
            + list(lost.values())
            + [problem for id_, problem in _undecidable(knowing) if id_ not in lost]
        )
        if services is not None:
            found += missing_services(self, names)
        if edges is not None:
            found += unfit_edges(self, edges, names, sure)
            found += unseen_faults(self, edges)
        return found


def make_plan(
    drill: Drill,
    *,
    edges: Sequence[Edge] | None = None,
    services: Sequence[str] | None = None,
    sure: bool = True,
    monitoring: Mapping[str, str] | None = None,
    alerts: Sequence[RuleSeen] | None = None,
    alerts_unread: str = "",
    receivers: Sequence[ReceiverSeen] | None = None,
    scrapes: Mapping[str, float] | None = None,
    jobs: Sequence[str] | None = None,
    doubts: Sequence[str] = (),
    narrowed_to: Sequence[Limit] = (),
) -> Plan:
    """The plan of a drill, with its problems; give edges, services, monitoring, rules, receivers, scrapes and jobs of the stack when
    they are known.

    alerts_unread  why there may be other rules than `alerts`, or ''
    doubts         what of its files is perhaps not as it is meant
    narrowed_to    the blast radius that its project states for all drills
    """
    steady = drill.steady
    earliest_s, latest_s = steady.for_s, steady.within_s
    phases: list[PlannedPhase] = []
    for phase in drill.phases:
        planned = _phase(drill, phase, earliest_s, latest_s)
        phases.append(planned)
        earliest_s += planned.length_s + planned.settle_earliest_s
        latest_s += planned.length_s + planned.settle_latest_s
    claims = tuple(_claim(drill, claim, "", False) for claim in drill.expect)
    plan = Plan(drill, tuple(phases), claims, drill.abort.max_duration_s or 0.0, services=tuple(services or ()))
    plan = replace(
        plan, monitoring=monitoring, alerts=None if alerts is None else tuple(alerts), alerts_unread=alerts_unread
    )
    plan = replace(plan, receivers=None if receivers is None else tuple(receivers), scrapes=scrapes, jobs=jobs)
    plan = replace(plan, limits=plan_bounds.limits_on(drill, narrowed_to))
    plan = replace(plan, max_duration_s=plan.max_duration_s or plan_bounds.max_duration_s(plan))
    found = (*plan.check(edges, services, sure=sure), *plan_bounds.beyond_radius(plan, narrowed_to))
    mine = (*_doubtful(plan), *unread_queries(plan), *unwatched(plan), *mute_alerts(plan))
    mine += tuple(drill.origin.document.warning(("stack", "compose"), doubt) for doubt in doubts)
    return replace(plan, problems=(*drill.warnings, *too_heavy(drill), *found, *mine))


def _doubtful(plan: Plan) -> Iterator[Problem]:
    """Claims that the run will decide, though it is too small to show much of the service."""
    for claim in plan.all_claims:
        why = claim.expectation.doubtful(reach_of(plan, claim))
        if why:
            yield replace(plan.drill.problem(claim.id, f"{claim.id}: {why}"), severity="warning")


def _phase(drill: Drill, phase: Phase, earliest_s: float, latest_s: float) -> PlannedPhase:
    injections = tuple(_injection(drill, phase, fault) for fault in phase.faults)
    claims = tuple(_claim(drill, claim, phase.name, False) for claim in phase.expect)
    then = tuple(_claim(drill, claim, phase.name, True) for claim in phase.then)
    mended_s = max((injection.until_s for injection in injections), default=0.0)
    limits_s = [claim.expectation.late_s() or 0.0 for claim in then]
    steady = Steady(drill.steady.for_s, drill.steady.conditions)
    per_s = None if drill.load.users is not None else requests_due(drill, earliest_s + phase.for_s, 60.0) / 60.0
    hold_s = max((claim.expectation.hold_s(steady, per_s) for claim in then), default=steady.for_s)
    return PlannedPhase(
        phase.name,
        phase.for_s,
        injections,
        (*claims, *then),
        earliest_s,
        latest_s,
        max(0.0, mended_s + drill.steady.for_s - phase.for_s) if injections else 0.0,
        max(drill.steady.within_s, max(limits_s, default=0.0) + hold_s),
        hold_s,
    )


def _injection(drill: Drill, phase: Phase, fault: Fault) -> Injection:
    until_s = phase.for_s if fault.for_ is None else min(phase.for_s, fault.after + fault.for_)
    return Injection(fault.id, fault, fault.after, until_s, drill.where(fault.id))


def _claim(drill: Drill, claim: Expectation, phase: str, then: bool) -> Claim:
    return Claim(claim.id, claim, phase, then, drill.where(claim.id), drill.text(claim.id))


def _undecidable(plan: Plan) -> Iterator[tuple[str, Problem]]:
    for claim in plan.all_claims:
        why = claim.expectation.undecidable(reach_of(plan, claim))
        if why:
            yield claim.id, plan.drill.problem(claim.id, f"{claim.id}: this run could never decide it: {why}")


def describe(plan: Plan) -> str:
    """How long the run takes, in words."""
    ready = spell(plan.drill.stack.ready_within_s)
    length = f"{spell(plan.shortest_s)} to {spell(plan.longest_s)}"
    told = f"{length} once the stack is ready (within {ready}); ended in any case after {spell(plan.max_duration_s)}"
    settles = [orders.settle for orders in plan.drill.orders.values()]
    if not settles:
        return told
    least_s, most_s = max(one.quiet_s for one in settles), max(one.within_s + one.quiet_s for one in settles)
    return f"{told}; then its orders are read, for {spell(least_s)} to {spell(most_s)}"
