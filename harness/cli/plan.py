"""`drill plan`: the resolved timeline, readable to a tired person. It reads files and touches nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.attach import attach_options
from harness.cli.inputs import Looked, drill_options, limits_of, look, read_drill
from harness.cli.names import drill_names
from harness.cli.targets import plan_on, target_option, told

if TYPE_CHECKING:
    from harness.cli.attach import Attach, PlannedOn
    from harness.expectations.base import Reach
    from harness.plan import Claim, Plan, PlannedPhase
    from harness.target.model import Target


@click.command("plan")
@click.argument("drill", shell_complete=drill_names)
@drill_options
@target_option
@attach_options
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(
    drill: str,
    sets: tuple[str, ...],
    candidates: tuple[str, ...],
    env_file: tuple[Path, ...],
    target: str | None,
    as_json: bool,
    attach: Attach | None,
) -> None:
    """Print the resolved timeline of DRILL; touches nothing.

    Example:  drill plan first-light      drill plan first-light --target staging
    """
    from harness.drill.problem import Invalid
    from harness.plan import make_plan

    made = read_drill(drill, sets, env_file, candidates)
    place: Target | None = None
    on: PlannedOn | None = None
    if attach:
        from harness.cli.attach import plan_attached

        on = plan_attached(made, attach)
        plan, looked = on.plan, on.looked
    elif target:
        planned = plan_on(made, target)
        place, plan, looked = planned.target, planned.plan, planned.looked
    else:
        looked = look(made)
        plan = make_plan(
            made,
            edges=looked.edges,
            services=looked.services,
            sure=looked.sure,
            monitoring=looked.monitoring,
            alerts=looked.alerts,
            alerts_unread=looked.alerts_unread,
            receivers=looked.receivers,
            scrapes=looked.scrapes,
            doubts=looked.doubts,
            narrowed_to=limits_of(made),
        )
    if errors := (*looked.errors, *plan.errors):
        raise Invalid(errors)
    if as_json:
        import json

        click.echo(json.dumps(document(plan, looked, place, on), indent=2, ensure_ascii=False))
        return
    for line in lines(plan, looked, place, on):
        click.echo(line)
    for problem in (*looked.problems, *plan.problems):
        click.echo(str(problem), err=True)
    for text in looked.notes:
        click.echo(f"note: {text}", err=True)


def lines(plan: Plan, looked: Looked, target: Target | None = None, on: PlannedOn | None = None) -> Iterator[str]:
    """The timeline as text."""
    from harness.plan import describe
    from harness.quantities import spell
    from harness.urls import bare

    drill = plan.drill
    yield f"{drill.name}{': ' + drill.title if drill.title else ''}   ({drill.file})"
    yield ""
    for text in drill.given:
        yield f"  given    {text}"
    for service, image in drill.stack.candidate.items():
        yield f"  release  {service} starts on {image}, the release under test, and is put back to it"
    if on is not None:
        from harness.cli.attach import told as told_of_project

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
    from harness.cli.confirm import protected_by
    from harness.cli.inputs import limits_of
    from harness.plan_bounds import unbounded
    from harness.quantities import spell

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
    from harness.quantities import spell

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
    from harness.quantities import spell

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
    from harness.plan_reach import reach_of

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
    from harness.quantities import spell

    return spell(value_s) if value_s else "0s"


def _span(low_s: float, high_s: float) -> str:
    return _spell(low_s) if low_s == high_s else f"{_spell(low_s)} – {_spell(high_s)}"


def _load(plan: Plan) -> str:
    from harness.quantities import spell

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
    from harness.quantities import numbered

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
    from harness.load.arrivals import rate_at

    if plan.drill.load.users is not None:
        return ""
    starts = (phase.begins_earliest_s, phase.begins_latest_s)
    moments = [at_s + part / 50 * phase.length_s for at_s in starts for part in range(51)]
    rates = [rate_at(plan.drill.load.segments, at_s) for at_s in moments]
    low, high = min(rates), max(rates)
    return f", {_per_s(low)} arrivals" if low == high else f", {_per_s(low)} to {_per_s(high)} arrivals"


def _per_s(rate: float) -> str:
    from harness.quantities import figures

    return f"{figures(rate)}/s"


def _edges(plan: Plan, looked: Looked) -> str:
    hurt = list(dict.fromkeys(i.fault.target for i in plan.injections if i.fault.on_edge))
    if looked.edges is None:
        return f"{', '.join(hurt) or 'none hurt'}; not checked: {looked.why.splitlines()[0]}"
    return f"{', '.join(hurt) or 'none'} hurt, of {len(looked.edges)} found"


def document(plan: Plan, looked: Looked, target: Target | None = None, on: PlannedOn | None = None) -> dict[str, Any]:
    """The plan as data; times in seconds, those of a phase from its beginning."""

    from harness.cli.confirm import protected_by
    from harness.plan_bounds import unbounded
    from harness.plan_reach import reach_of

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
