"""A drill flattened to what is done when: each injection with its mend, each claim with its window. Pure.

Times of a phase count from its beginning, in seconds; when that is depends on the gate and on how long the stack takes
to be put right, so a plan knows the earliest and the latest. They count from the beginning of the load.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness import plan_bounds
from harness.alerting import Quiet
from harness.drill.blast_radius import Limit
from harness.drill.guards import AlertGuard, AnyGuard, PromGuard, guards_of
from harness.drill.heavy import too_heavy
from harness.drill.model import Drill, Phase
from harness.drill.problem import Invalid, Problem, did_you_mean, no_service
from harness.edges import Edge, edge_id
from harness.expectations.base import Expectation, Reach, Steady, Stretch
from harness.expectations.orders_kept import OrdersKept
from harness.expectations.rolled_back import RolledBack
from harness.facts import ReceiverSeen, RuleSeen
from harness.faults.base import Fault
from harness.load.arrivals import expected_count
from harness.plan_queries import unread_queries
from harness.plan_rules import mute_alerts
from harness.plan_unseen import unseen_faults
from harness.quantities import spell

CLIENT = "client"  # the caller's name of an edge on the users' side
LOOKS_ON_S = 4.0  # the stack is looked at after the load's end, at the least (see run/session)
_CLOSED_PER_S = 100.0  # of one user of the closed model, at most: answers do not come faster than every 10 ms


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

    def reach(self, claim: Claim) -> Reach:
        """What a claim could see at the most in this run."""
        phase = next((phase for phase in self.phases if phase.name == claim.phase), None)
        if phase is None:
            first = self.phases[0]
            starts, window_s = (first.begins_earliest_s, first.begins_latest_s), self.longest_s - first.begins_latest_s
            least_s = self.shortest_s - first.begins_earliest_s
        elif claim.then:
            starts = (phase.begins_earliest_s + phase.length_s, phase.begins_latest_s + phase.length_s)
            window_s, least_s = phase.settle_latest_s, phase.settle_earliest_s
        else:
            starts, window_s = (phase.begins_earliest_s, phase.begins_latest_s), phase.length_s
            least_s = phase.length_s
        settle_s = phase.settle_earliest_s if phase and claim.then else 0.0
        end_s = phase.begins_earliest_s + phase.length_s + settle_s if phase else self.shortest_s
        return Reach(
            window_s=window_s,
            least_s=least_s,
            arrivals=max(_requests(self.drill, start_s, window_s) for start_s in starts),
            timeout_s=self.drill.load.timeout_s,
            services=self.services,
            faulted=bool(phase.injections if phase else self.injections),
            then=claim.then,
            releases=tuple(
                name for i in (phase.injections if phase else ()) if i.fault.outlasts for name in i.fault.targets
            ),
            renewed=() if claim.then else tuple(_renewed([phase] if phase else self.phases, mended=phase is None)),
            monitoring=self.monitoring,
            alerts=self.alerts,
            alerts_unread=self.alerts_unread,
            receivers=self.receivers,
            scrapes=self.scrapes,
            history_s=min(starts),
            hurt_s=max((i.until_s - i.at_s for i in (phase.injections if phase else ())), default=0.0),
            after_s=max(0.0, self.shortest_s - end_s) + LOOKS_ON_S,
            closed=self.drill.load.users is not None,
            stretches=self._stretches(),
            before=self._before(),
            steady=Steady(self.drill.steady.for_s, self.drill.steady.conditions),
        )

    def _before(self) -> Stretch:
        """From the gate's hold to the first injection, at the least."""
        steady, length_s = self.drill.steady, self.drill.steady.for_s
        for phase in self.phases:
            if phase.injections:
                length_s += min(injection.at_s for injection in phase.injections)
                break
            length_s += phase.length_s
        most = max(_requests(self.drill, begins_s, length_s) for begins_s in (0.0, steady.within_s - steady.for_s))
        return Stretch(length_s, most)

    def _stretches(self) -> dict[str, Stretch]:
        """What a claim may compare with: every phase, and the gate's hold, each with the most that may be due in it."""
        steady, found = self.drill.steady, {}
        for name, length_s, begins, faulted in (
            ("", steady.for_s, (0.0, steady.within_s - steady.for_s), False),
            *((p.name, p.length_s, (p.begins_earliest_s, p.begins_latest_s), bool(p.injections)) for p in self.phases),
        ):
            most = max(_requests(self.drill, begins_s, length_s) for begins_s in begins)
            found[name] = Stretch(length_s, most, faulted)
        return found

    def check(
        self, edges: Sequence[Edge] | None = None, services: Sequence[str] | None = None, *, sure: bool = True
    ) -> list[Problem]:
        """What is wrong with the plan on this stack: names not there, edges that cannot be, claims never decided.

        What is None is not known, and not checked. `sure`: all that tells of edges was read; without it (an image is not
        here yet) an edge that was not found is a warning.
        """
        names = tuple(services or self.services)
        knowing = replace(self, services=names)
        lost = dict(_claims_on_services(self, names)) if services is not None else {}
        found = (
            list(_claims_on_orders(self))
            + list(lost.values())
            + [problem for id_, problem in _undecidable(knowing) if id_ not in lost]
        )
        if services is not None:
            found += _load_target(self.drill, names)
            found += _declared(self.drill, names)
            found += unobserved(self.drill, names)
            found += _sources(self.drill, names)
            found += _faults_on_services(self, names)
            found += plan_bounds.radius_known(self.drill, names)
            found += plan_bounds.guards_on_services(self.drill, names)
        if edges is not None:
            found += _edges(self, edges, names, sure)
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
    doubts: Sequence[str] = (),
    narrowed_to: Sequence[Limit] = (),
) -> Plan:
    """The plan of a drill, with its problems; give edges, services, monitoring, rules, receivers and scrapes of the stack when they
    are known.

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
    plan = replace(plan, receivers=None if receivers is None else tuple(receivers), scrapes=scrapes)
    plan = replace(plan, limits=plan_bounds.limits_on(drill, narrowed_to))
    plan = replace(plan, max_duration_s=plan.max_duration_s or plan_bounds.max_duration_s(plan))
    found = (*plan.check(edges, services, sure=sure), *plan_bounds.beyond_radius(plan, narrowed_to))
    mine = (*_doubtful(plan), *unread_queries(plan), *_unwatched(plan), *mute_alerts(plan))
    mine += tuple(drill.origin.document.warning(("stack", "compose"), doubt) for doubt in doubts)
    return replace(plan, problems=(*drill.warnings, *too_heavy(drill), *found, *mine))


def _doubtful(plan: Plan) -> Iterator[Problem]:
    """Claims that the run will decide, though it is too small to show much of the service."""
    for claim in plan.all_claims:
        why = claim.expectation.doubtful(plan.reach(claim))
        if why:
            yield replace(plan.drill.problem(claim.id, f"{claim.id}: {why}"), severity="warning")


def _unwatched(plan: Plan) -> Iterator[Problem]:
    """What the stack's own monitoring would have to show and cannot: claims become inconclusive, gates and guards are refused."""
    if plan.monitoring is None:
        return
    drill, document = plan.drill, plan.drill.origin.document
    yield from plan_bounds.alerts_unknown(plan)
    yield from plan_bounds.alerts_unread(plan)
    yield from plan_bounds.alerts_evaluated_late(plan)
    for claim in plan.all_claims:
        why = claim.expectation.unseen(plan.reach(claim))
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


def _phase(drill: Drill, phase: Phase, earliest_s: float, latest_s: float) -> PlannedPhase:
    injections = tuple(_injection(drill, phase, fault) for fault in phase.faults)
    claims = tuple(_claim(drill, claim, phase.name, False) for claim in phase.expect)
    then = tuple(_claim(drill, claim, phase.name, True) for claim in phase.then)
    mended_s = max((injection.until_s for injection in injections), default=0.0)
    limits_s = [claim.expectation.late_s() or 0.0 for claim in then]
    steady = Steady(drill.steady.for_s, drill.steady.conditions)
    per_s = None if drill.load.users is not None else _requests(drill, earliest_s + phase.for_s, 60.0) / 60.0
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


def _renewed(phases: Sequence[PlannedPhase], mended: bool) -> Iterator[str]:
    """The services of each bad release, as it goes out, and again as it is taken back, by a rollback that is claimed or by us."""
    for phase in phases:
        back = mended or any(isinstance(claim.expectation, RolledBack) for claim in phase.claims)
        for name in (name for one in phase.injections if one.fault.outlasts for name in one.fault.targets):
            yield from (name, name) if back else (name,)


def _requests(drill: Drill, start_s: float, window_s: float) -> float:
    if drill.load.users is not None:
        return drill.load.users * window_s * _CLOSED_PER_S
    arrivals = expected_count(drill.load.segments, start_s, start_s + window_s)
    return arrivals * drill.origin.requests_per_task if arrivals else 0.0


def _undecidable(plan: Plan) -> Iterator[tuple[str, Problem]]:
    for claim in plan.all_claims:
        why = claim.expectation.undecidable(plan.reach(claim))
        if why:
            yield claim.id, plan.drill.problem(claim.id, f"{claim.id}: this run could never decide it: {why}")


def _load_target(drill: Drill, services: Sequence[str]) -> Iterator[Problem]:
    service = drill.load.against.service
    if service not in services:
        yield drill.origin.document.problem(("load", "against"), no_service("load.against", service, services))


def _declared(drill: Drill, services: Sequence[str]) -> Iterator[Problem]:
    for number, wish in enumerate(drill.stack.edges):
        caller, _ = edge_id(wish.edge)
        if caller not in services and caller != CLIENT:
            what = no_service(f"stack.edges: {wish.edge}", caller, services)
            yield drill.origin.document.problem(("stack", "edges", number), what)


def unobserved(drill: Drill, services: Sequence[str]) -> Iterator[Problem]:
    """Monitoring that the drill states of a service which is not there."""
    for word in ("prometheus", "alertmanager"):
        stated = getattr(drill.stack.observe, word).at
        service = stated.partition(":")[0]
        if stated not in ("", "off") and service not in services:
            what = no_service(f"stack.observe.{word}", service, services)
            yield drill.origin.document.problem(("stack", "observe", word), what)


def _sources(drill: Drill, services: Sequence[str]) -> Iterator[Problem]:
    """Sources of order books and of the state that are read from a service which is not there."""
    for name, orders in drill.orders.items():
        for source, read in orders.sources.items():
            reader = read.reader
            if reader.place and reader.place not in services:
                what = no_service(f"orders.{name}: {source}", reader.place, services)
                yield drill.origin.document.problem(("orders", name, "sources", source, reader.word, "service"), what)
    for name, kept in drill.state.items():
        reader = kept.reader
        if reader.place and reader.place not in services:
            what = no_service(f"state.{name}", reader.place, services)
            yield drill.origin.document.problem(("state", name, reader.word, "service"), what)


def _faults_on_services(plan: Plan, services: Sequence[str]) -> Iterator[Problem]:
    for injection in plan.injections:
        for target in injection.fault.targets if not injection.fault.on_edge else ():
            if target not in services:
                yield plan.drill.problem(injection.id, no_service(injection.id, target, services), "service")


def _claims_on_services(plan: Plan, services: Sequence[str]) -> Iterator[tuple[str, Problem]]:
    """Claims about a service that is not there, by id; '*' is every service."""
    for claim in plan.all_claims:
        name = getattr(claim.expectation, "service", "")
        if isinstance(name, str) and name not in ("", "*", *services):
            yield claim.id, plan.drill.problem(claim.id, no_service(claim.id, name, services), "service")


def _claims_on_orders(plan: Plan) -> Iterator[Problem]:
    """Claims about an order book that the drill does not have, or that stand in a phase: it is read when all phases are over."""
    known = plan.drill.orders
    for claim in plan.all_claims:
        if not isinstance(claim.expectation, OrdersKept):
            continue
        name = claim.expectation.orders
        if name not in known:
            there = f"; there are {', '.join(known)}" if known else "; the drill has no `orders:`"
            what = f"{claim.id}: no orders {name!r}{did_you_mean(name, known) or there}"
            yield plan.drill.problem(claim.id, what, "orders")
        elif claim.phase:
            what = f"{claim.id}: orders are read when all phases are over; it belongs under the drill's own `expect`"
            yield plan.drill.problem(claim.id, what)


def _edges(plan: Plan, edges: Sequence[Edge], services: Sequence[str], sure: bool) -> Iterator[Problem]:
    by_id = {edge.id: edge for edge in edges}
    for injection in plan.injections:
        target = injection.fault.target
        if not injection.fault.on_edge:
            continue
        edge = by_id.get(target)
        if edge is None and (meant := _known_as(target, edges)):
            yield plan.drill.problem(injection.id, f"{injection.id}: {meant}", "edge")
        elif edge is None:
            problem = plan.drill.problem(injection.id, f"{injection.id}: {_no_edge(target, by_id, services)}", "edge")
            there = set(edge_id(target)) <= {*services, CLIENT}
            yield problem if sure or not there else replace(problem, severity="warning")
        elif edge.refused:
            what = f"{injection.id}: the edge {target} cannot be hurt: {edge.refused}"
            yield plan.drill.problem(injection.id, what, "edge")


def _known_as(target: str, edges: Sequence[Edge]) -> str:
    """Which edge is meant, where its ends are called by other names: a sidecar's, an alias, a container's name."""
    caller, dependency = edge_id(target)
    for edge in edges:
        if caller in (edge.caller, *edge.also) and dependency in (edge.dependency, *edge.names, *edge.lodgers):
            why = [f"{caller} runs in the network of {edge.caller}"] if caller != edge.caller else []
            if dependency in edge.lodgers:
                why.append(f"{dependency} runs in the network of {edge.dependency}")
            elif dependency != edge.dependency:
                why.append(f"{dependency} is a name of {edge.dependency}")
            return f"no edge {target}: {' and '.join(why)}; the edge is {edge.id}"
    return ""


def _no_edge(target: str, known: dict[str, Edge], services: Sequence[str]) -> str:
    caller, dependency = edge_id(target)
    near = did_you_mean(target, known)
    if services and caller not in services and caller != CLIENT:
        return f"no edge {target}: there is no service '{caller}'{near or did_you_mean(caller, services)}"
    own = [id_ for id_ in known if id_.startswith(f"{caller}->")]
    found = f"; found from {caller}: {', '.join(own)}" if own and not near else ""
    declare = f"stack: {{edges: ['{caller}->{dependency}']}}"
    return f"no edge {target} was found{near}{found}; if it is there, declare it: {declare}"


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
