"""What a claim could see at the most in a run, long before it: its window, what is due in it, what it may compare with. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.drill.model import Drill
from harness.expectations.base import Reach, Steady, Stretch
from harness.expectations.rolled_back import RolledBack
from harness.load.arrivals import expected_count

if TYPE_CHECKING:
    from harness.plan import Claim, Plan, PlannedPhase

LOOKS_ON_S = 4.0  # the stack is looked at after the load's end, at the least (see run/session)
NOTHING = Stretch(0.0, 0.0)
_CLOSED_PER_S = 100.0  # of one user of the closed model, at most: answers do not come faster than every 10 ms


def reach_of(plan: Plan, claim: Claim) -> Reach:
    """What a claim could see at the most in this run."""
    phase = next((phase for phase in plan.phases if phase.name == claim.phase), None)
    if phase is None:
        first = plan.phases[0]
        starts, window_s = (first.begins_earliest_s, first.begins_latest_s), plan.longest_s - first.begins_latest_s
        least_s = plan.shortest_s - first.begins_earliest_s
    elif claim.then:
        starts = (phase.begins_earliest_s + phase.length_s, phase.begins_latest_s + phase.length_s)
        window_s, least_s = phase.settle_latest_s, phase.settle_earliest_s
    else:
        starts, window_s = (phase.begins_earliest_s, phase.begins_latest_s), phase.length_s
        least_s = phase.length_s
    settle_s = phase.settle_earliest_s if phase and claim.then else 0.0
    end_s = phase.begins_earliest_s + phase.length_s + settle_s if phase else plan.shortest_s
    return Reach(
        window_s=window_s,
        least_s=least_s,
        arrivals=max(requests_due(plan.drill, start_s, window_s) for start_s in starts),
        timeout_s=plan.drill.load.timeout_s,
        services=plan.services,
        faulted=bool(phase.injections if phase else plan.injections),
        then=claim.then,
        releases=tuple(
            name for i in (phase.injections if phase else ()) if i.fault.outlasts for name in i.fault.targets
        ),
        renewed=() if claim.then else tuple(_renewed([phase] if phase else plan.phases, mended=phase is None)),
        monitoring=plan.monitoring,
        alerts=plan.alerts,
        alerts_unread=plan.alerts_unread,
        receivers=plan.receivers,
        scrapes=plan.scrapes,
        history_s=min(starts),
        hurt_s=max((i.until_s - i.at_s for i in (phase.injections if phase else ())), default=0.0),
        after_s=max(0.0, plan.shortest_s - end_s) + LOOKS_ON_S,
        closed=plan.drill.load.users is not None,
        follows=plan.drill.origin.follows,
        stretches=_stretches(plan),
        settle_least=_settle(plan, phase, phase.settle_earliest_s) if phase and not claim.then else NOTHING,
        settle_most=_settle(plan, phase, phase.settle_latest_s) if phase and not claim.then else NOTHING,
        before=_before(plan),
        steady=Steady(plan.drill.steady.for_s, plan.drill.steady.conditions),
    )


def _settle(plan: Plan, phase: PlannedPhase, length_s: float) -> Stretch:
    """So long a settling of a phase, with the most that may be due in it."""
    begins = (phase.begins_earliest_s + phase.length_s, phase.begins_latest_s + phase.length_s)
    return Stretch(length_s, max(requests_due(plan.drill, begins_s, length_s) for begins_s in begins))


def _before(plan: Plan) -> Stretch:
    """From the gate's hold to the first injection, at the least."""
    steady, length_s = plan.drill.steady, plan.drill.steady.for_s
    for phase in plan.phases:
        if phase.injections:
            length_s += min(injection.at_s for injection in phase.injections)
            break
        length_s += phase.length_s
    most = max(requests_due(plan.drill, begins_s, length_s) for begins_s in (0.0, steady.within_s - steady.for_s))
    return Stretch(length_s, most)


def _stretches(plan: Plan) -> dict[str, Stretch]:
    """What a claim may compare with: every phase, and the gate's hold, each with the most that may be due in it."""
    steady, found = plan.drill.steady, {}
    for name, length_s, begins, faulted in (
        ("", steady.for_s, (0.0, steady.within_s - steady.for_s), False),
        *((p.name, p.length_s, (p.begins_earliest_s, p.begins_latest_s), bool(p.injections)) for p in plan.phases),
    ):
        most = max(requests_due(plan.drill, begins_s, length_s) for begins_s in begins)
        found[name] = Stretch(length_s, most, faulted)
    return found


def _renewed(phases: Sequence[PlannedPhase], mended: bool) -> Iterator[str]:
    """The services of each bad release, as it goes out, and again as it is taken back, by a rollback that is claimed or by us."""
    for phase in phases:
        back = mended or any(isinstance(claim.expectation, RolledBack) for claim in phase.claims)
        for name in (name for one in phase.injections if one.fault.outlasts for name in one.fault.targets):
            yield from (name, name) if back else (name,)


def requests_due(drill: Drill, start_s: float, window_s: float) -> float:
    """The most requests that may be due in so many seconds from an instant, counted from the beginning of the load."""
    if drill.load.users is not None:
        return drill.load.users * window_s * _CLOSED_PER_S
    arrivals = expected_count(drill.load.segments, start_s, start_s + window_s)
    return arrivals * drill.origin.requests_per_task if arrivals else 0.0
