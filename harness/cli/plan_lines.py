"""The resolved timeline of a drill as text, readable to a tired person."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.cli.attach import told as told_of_project
from harness.cli.confirm import protected_by
from harness.cli.inputs import limits_of
from harness.cli.targets import told
from harness.load.arrivals import rate_at
from harness.plan import describe
from harness.plan_bounds import unbounded
from harness.plan_reach import reach_of
from harness.quantities import figures, numbered, spell
from harness.urls import bare

if TYPE_CHECKING:
    from harness.cli.attach import PlannedOn
    from harness.cli.inputs import Looked
    from harness.expectations.base import Reach
    from harness.plan import Claim, Plan, PlannedPhase
    from harness.target.model import Target


def lines(plan: Plan, looked: Looked, target: Target | None = None, on: PlannedOn | None = None) -> Iterator[str]:
    """The timeline as text."""
    drill = plan.drill
    yield f"{drill.name}{': ' + drill.title if drill.title else ''}   ({drill.file})"
    yield ""
    for text in drill.given:
        yield f"  given    {text}"
    for service, image in drill.stack.candidate.items():
        yield f"  release  {service} starts on {image}, the release under test, and is put back to it"
    if on is not None:
        yield from told_of_project(on, plan)
    elif target is None:
        yield f"  stack    {', '.join(drill.stack.compose)}; ready within {spell(drill.stack.ready_within_s)}"
    else:
        yield from told(target, plan)
    yield f"  load     {', '.join(drill.load.locustfiles)} against {drill.load.against}; {_load(plan)}"
    conditions = ", ".join(str(condition) for condition in drill.steady.all)
    yield f"  steady   {conditions}; for {spell(drill.steady.for_s)}, within {spell(drill.steady.within_s)}"
    yield from _bounds(plan, looked)
    for one in drill.silence:
        yield f"  silences {', '.join(one.matchers)} in {bare(one.at)}, while it runs"
    for way in drill.announce:
        yield f"  tells    {way}: {', '.join(way.on)}"
    yield f"  edges    {_edges(plan, looked)}"
    yield from _orders(plan)
    yield from _state(plan)
    yield ""
    yield "  begins               (from the beginning of the load: earliest – latest)"
    yield f"  {'0s':<20} the gate: the steady state holds for {spell(drill.steady.for_s)}, or nothing is injected"
    for phase in plan.phases:
        yield ""
        yield from _phase(plan, phase)
    if plan.claims:
        yield ""
        yield f"  {'whole run':<20} {len(plan.claims)} claim{'s' if len(plan.claims) > 1 else ''}"
        for claim in plan.claims:
            yield f"  {'':<20}   must    {claim.text}   {claim.where}"
            yield from _needs(plan, claim)
    yield ""
    yield f"  takes {describe(plan)}"


def _bounds(plan: Plan, looked: Looked) -> Iterator[str]:
    """What ends it before its time, what it may touch, and what wants a confirmation."""
    drill, blind = plan.drill, spell(plan.drill.abort.blind_s)
    stated = " or ".join(str(guard) for guard in drill.abort.any)
    last = (
        ""
        if drill.abort.max_duration_s is not None
        else " (the longest that its waits may take; it states no max_duration)"
    )
    yield f"  abort    {stated + ', or ' if stated else ''}after {spell(plan.max_duration_s)}{last}"
    standing = " or ".join(str(guard) for guard in plan.guards if guard not in drill.abort.any)
    if standing:
        yield f"  {'':>8} to protect this machine: {standing}"
    yield f"  {'':>8} a guard that cannot be looked at for {blind} trips as well"
    own = [("blast_radius", drill.blast_radius)] if drill.blast_radius is not None else []
    for where, radius in (*own, *((limit.where, limit.radius) for limit in limits_of(drill))):
        listed = "; ".join(f"{word} {', '.join(getattr(radius, word)) or 'none'}" for word in ("services", "edges"))
        yield f"  touches  at the most {listed} ({where})"
    for id_, command in unbounded(plan):
        yield f"  touches  nobody knows what: {id_} runs {command!r} and names no service; with a `service` it is held to a blast_radius"
    for one in protected_by(plan, looked.project):
        yield f"  protects {one.name}, {one.what}: `drill run` asks for its name, or wants --yes"


def _orders(plan: Plan) -> Iterator[str]:
    """What will be read when the load has ended, and what must hold across it."""
    for name, orders in plan.drill.orders.items():
        settle = (
            f"read, twice, when all is quiet for {spell(orders.settle.quiet_s)}, within {spell(orders.settle.within_s)}"
        )
        yield f"  orders   {name}: each {orders.request}, key in {orders.key}; {settle}"
        width = max(len(source) for source in orders.sources)
        for source, read in orders.sources.items():
            where = f"{read.reader.word} of {read.reader.place or 'this machine'}"
            yield f"  {'':>8} {source:<{width}}  {read.role:<7}  {where}: {read.reader.what}"
        for law in orders.laws:
            yield f"  {'':>8} law  {law}"


def _state(plan: Plan) -> Iterator[str]:
    """What must be at the end as it was before the load."""
    if not plan.drill.state:
        return
    yield "  state    read before the load, and when all is over"
    width = max(map(len, plan.drill.state))
    for name, kept in plan.drill.state.items():
        where = f"{kept.reader.word} of {kept.reader.place or 'this machine'}"
        yield f"  {'':>8} {name:<{width}}  {kept.role:<7}  {where}: {kept.reader.what}"


def _phase(plan: Plan, phase: PlannedPhase) -> Iterator[str]:
    begins = _span(phase.begins_earliest_s, phase.begins_latest_s)
    yield f"  {begins:<20} {phase.name}, {spell(phase.length_s)}{_rate(plan, phase)}"
    moments: list[tuple[float, int, str]] = []
    for injection in phase.injections:
        text = plan.drill.text(injection.id)
        if injection.id in plan.absent:
            moments.append((injection.at_s, 1, f"absent  {text}: {plan.absent[injection.id]}"))
            continue
        moments.append((injection.at_s, 1, f"inject  {text}   {injection.where}"))
        if not injection.fault.outlasts:
            moments.append((injection.until_s, 0, f"mend    {injection.id}"))
    for at_s, _, text in sorted(moments):
        yield f"  {_at(at_s):>20}   {text}"
    for claim in (claim for claim in phase.claims if not claim.then):
        yield f"  {_window(claim, 0, phase.length_s):>20}   must    {claim.text}   {claim.where}"
        yield from _needs(plan, claim)
    for claim in (claim for claim in phase.claims if claim.then):
        yield f"  {_window(claim, phase.length_s, phase.settle_latest_s):>20}   then    {claim.text}   {claim.where}"
        yield from _needs(plan, claim)
    settle = _span(phase.settle_earliest_s, phase.settle_latest_s)
    yield f"  {'':>20}   settle  {settle} after its end: claims decided or late, steady again"
    for injection in (one for one in phase.injections if one.fault.outlasts):
        yield f"  {'':>20}   mend    {injection.id}, after that, unless it was rolled back"


def _needs(plan: Plan, claim: Claim) -> Iterator[str]:
    """How much the claim needs to be decided, and how much of it is due."""
    if claim.id in plan.absent:
        yield f"  {'':>20}           not available here: {plan.absent[claim.id]}"
        return
    reach = reach_of(plan, claim)
    needs = claim.expectation.needs(reach)
    if needs:
        yield f"  {'':>20}           needs {needs}{'; ' + _due(plan, reach) if 'request' in needs else ''}"


def _due(plan: Plan, reach: Reach) -> str:
    """How many requests there will be, as far as anybody knows beforehand."""
    if reach.closed:
        return "how many are due depends on how fast its users are answered"
    if math.isinf(reach.arrivals):
        return f"how many are due cannot be told from {', '.join(plan.drill.load.locustfiles)}"
    return f"at most about {reach.arrivals:.0f} are due, of all names"


def _window(claim: Claim, start_s: float, length_s: float) -> str:
    """From when to when the claim looks, counted from its phase's beginning; its own limit where it has one."""
    late_s = claim.expectation.late_s()
    return f"{_at(start_s)} – {_at(start_s + (length_s if late_s is None else late_s))}"


def _at(at_s: float) -> str:
    """A moment of a phase."""
    return f"+{_spell(at_s)}"


def _spell(value_s: float) -> str:
    return spell(value_s) if value_s else "0s"


def _span(low_s: float, high_s: float) -> str:
    return _spell(low_s) if low_s == high_s else f"{_spell(low_s)} – {_spell(high_s)}"


def _load(plan: Plan) -> str:
    load = plan.drill.load
    if load.users is not None:
        return f"closed, {load.users} users{_processes(plan)}"
    stretches = [
        f"{spell(s.for_s)} at {_per_s(s.from_rate)}" + ("" if s.from_rate == s.to_rate else f" to {_per_s(s.to_rate)}")
        for s in load.segments
    ]
    how = "Poisson arrivals, " if load.poisson else "arrivals "
    return f"{how}{', '.join(stretches)}, then held; at most {load.max_in_flight} in flight, seed {load.seed}{_processes(plan)}"


def _processes(plan: Plan) -> str:
    """How many processes share the load, and which of them join."""
    load = plan.drill.load
    if load.all_workers == 1 and load.workers is None:
        return ""
    here = load.all_workers - (load.workers.expect if load.workers else 0)
    parts = [numbered(here, "process", "processes") + " here"] if here else []
    if load.workers:
        expect = numbered(load.workers.expect, "worker that joins", "workers that join")
        parts.append(f"{expect} at {load.workers.listen} (drill worker --join {load.workers.listen} --token-file FILE)")
    return f"; shared by {' and '.join(parts)}"


def _rate(plan: Plan, phase: PlannedPhase) -> str:
    """The rate of arrivals in a phase, of both the earliest and the latest that it may be."""
    if plan.drill.load.users is not None:
        return ""
    starts = (phase.begins_earliest_s, phase.begins_latest_s)
    moments = [at_s + part / 50 * phase.length_s for at_s in starts for part in range(51)]
    rates = [rate_at(plan.drill.load.segments, at_s) for at_s in moments]
    low, high = min(rates), max(rates)
    return f", {_per_s(low)} arrivals" if low == high else f", {_per_s(low)} to {_per_s(high)} arrivals"


def _per_s(rate: float) -> str:
    return f"{figures(rate)}/s"


def _edges(plan: Plan, looked: Looked) -> str:
    hurt = list(dict.fromkeys(i.fault.target for i in plan.injections if i.fault.on_edge))
    if looked.edges is None:
        return f"{', '.join(hurt) or 'none hurt'}; not checked: {looked.why.splitlines()[0]}"
    return f"{', '.join(hurt) or 'none'} hurt, of {len(looked.edges)} found"
