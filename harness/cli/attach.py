"""`--attach PROJECT`: one drill on a Compose project that runs already, from its plan to its exit code."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.cli.inputs import Looked, jobs_of, limits_of, rules_of, scrapes_of
from harness.cli.on_target import drill_for
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.attach.found import Running
    from harness.attach.in_path import OnTheWay
    from harness.cli.wishes import Wishes
    from harness.drill.model import Drill
    from harness.edges import Edge
    from harness.plan import Plan
    from harness.report.live import PlainDisplay
    from harness.run.session import Rehearsed

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Attach:
    """What the command line says of it."""

    project: str
    insert: bool = False
    context: str = ""


def projects(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The running Compose projects, for the shell."""
    from harness.attach.found import projects
    from harness.errors import CannotRun

    try:
        return [name for name in projects() if name.startswith(incomplete)]
    except CannotRun:
        return []


def attach_options(command: F) -> F:
    """--attach with --insert and --context, as one parameter `attach`: None without it."""

    @functools.wraps(command)
    def gathered(*given: Any, attach: str | None, insert: bool, docker_context: str | None, **named: Any) -> Any:
        if attach is None and (insert or docker_context):
            raise UsageError(f"{'--insert' if insert else '--context'} goes with --attach PROJECT")
        if attach is not None and named.get("target"):
            raise UsageError("--attach and --target are two different systems: give one of them")
        asked = None if attach is None else Attach(attach, insert, docker_context or "")
        return command(*given, attach=asked, **named)

    made = click.option(
        "--context", "docker_context", metavar="NAME", help="With --attach: it runs on the Docker of this context."
    )(gathered)
    made = click.option(
        "--insert",
        is_flag=True,
        help="With --attach: put a Toxiproxy on the edges that are hurt, and take it out again.",
    )(made)
    made = click.option(
        "--attach",
        metavar="PROJECT",
        shell_complete=projects,
        help="Play it on a Compose project that runs already, as it is.",
    )(made)
    return made  # type: ignore[return-value]


@dataclass(frozen=True)
class PlannedOn:
    """
    running  the project
    edges    all that were found, those that are put in without a reason against it
    machine  where its Docker is, as its published ports are reached
    """

    running: Running
    edges: tuple[Edge, ...]
    plan: Plan
    looked: Looked
    machine: str
    insert: bool
    mediated: tuple[OnTheWay, ...] = ()

    @property
    def inserted(self) -> tuple[Edge, ...]:
        """The edges that a Toxiproxy is put on: those that are hurt, and no other."""
        hurt = {
            one.fault.target for one in self.plan.injections if one.fault.on_edge and one.id not in self.plan.absent
        }
        return tuple(edge for edge in self.edges if self.insert and edge.id in hurt)

    @property
    def there(self) -> tuple[OnTheWay, ...]:
        """The edges that are hurt on which a Toxiproxy of the project's own stands."""
        hurt = {one.fault.target for one in self.plan.injections if one.id not in self.plan.absent}
        return tuple(one for one in self.mediated if one.edge.id in hurt)


def plan_attached(drill: Drill, attach: Attach, narrow: Callable[[Plan], Plan] = lambda plan: plan) -> PlannedOn:
    """The drill planned on a running project, which stands among what the command line gave. It looks, and touches nothing.

    narrow   leaves out what is not played, before it is looked what can be

    Raises UsageError, CannotRun where no such project runs.
    """
    from harness.attach.addresses import HERE
    from harness.attach.context import reached
    from harness.attach.found import find
    from harness.attach.in_path import in_doubt, with_them
    from harness.attach.lodgers import lodgers
    from harness.attach.unavailable import Offer, on_attached
    from harness.drill.parse import build
    from harness.plan import make_plan
    from harness.run.observing import monitoring_of
    from harness.stack.rulefiles import RuleFiles
    from harness.stack.senders import may_page

    machine = reached(attach.context)
    running = find(attach.project, here=machine == HERE)
    document = drill.origin.document
    given = f"--attach {attach.project}{' --insert' if attach.insert else ''}"
    given += f" --context {attach.context}" if attach.context else ""
    document = replace(document, given=(*document.given, given))
    drill = build(document, drill.origin.base, stem=Path(document.file).stem)
    remote = machine != HERE
    observed = monitoring_of(drill, running.project)
    monitoring = observed.known()
    edges = edges_on(running, drill)
    mediated = () if attach.insert or remote else _mediated(running, edges, machine)
    twice = in_doubt(mediated)
    mediated = tuple(one for one in mediated if one.edge.id not in twice)
    edges = with_them(edges, mediated)
    elsewhere = RuleFiles(unread=f"its Compose files cannot be read: {running.unread}")
    rules = elsewhere if running.unread else rules_of(running.project, monitoring["prometheus"])
    plan = make_plan(
        drill,
        services=running.services,
        monitoring=monitoring,
        alerts=rules.rules,
        alerts_unread=rules.unread,
        scrapes=None if running.unread else scrapes_of(running.project, monitoring["prometheus"]),
        jobs=None if running.unread else jobs_of(running.project, monitoring["prometheus"]),
        narrowed_to=limits_of(drill),
    )
    plan = narrow(plan)
    there = {one.edge.id for one in mediated}
    why = {edge.id: "" if edge.id in there else _why(running, edge, attach.insert) for edge in edges}
    why |= twice
    paging = may_page(running.project, observed)
    plan = on_attached(plan, Offer(running.name, why, there, monitoring, remote, lodgers(running.containers), paging))
    looked = Looked(running.services, edges, monitoring=monitoring, project=running.name)
    return PlannedOn(running, edges, plan, looked, machine, attach.insert, mediated)


def _mediated(running: Running, edges: tuple[Edge, ...], machine: str) -> tuple[OnTheWay, ...]:
    """Where a Toxiproxy of the project's own stands; () without one that answers."""
    from harness.attach.in_path import on_the_way
    from harness.attach.look import proxies_of, toxiproxies

    found = [
        one
        for api in dict.fromkeys(toxiproxies(running.containers))
        for one in on_the_way(running, edges, api, proxies_of(running.containers, api, machine))
    ]
    first = found[0].api if found else ""  # of several, the first that stands on an edge
    return tuple(one for one in found if one.api == first)


def edges_on(running: Running, drill: Drill) -> tuple[Edge, ...]:
    """Who calls whom in it, by its files or what its containers tell. Raises UsageError for a declared edge that cannot be meant."""
    from harness.attach.found import service_of
    from harness.stack.find import find_edges
    from harness.stack.images import info_of

    images = {service_of(one): str(one["Image"]) for one in running.containers}
    return find_edges(running.project, drill.stack.edges, info_of(images))


def _why(running: Running, edge: Edge, insert: bool) -> str:
    """Why no fault can be played on this edge, or ''."""
    from harness.attach.placing import not_insertable, sharing_with

    if not insert:
        return "no Toxiproxy is known to be on its way: --insert puts one there, and takes it away again"
    if why := not_insertable(running.project.config, edge) or sharing_with(running, edge.caller):
        return why
    callers = running.up(edge.caller)
    if any((one.get("HostConfig") or {}).get("AutoRemove") for one in callers):
        return f"Docker removes the container of {edge.caller} as soon as it is stopped, so it could not wait"
    return "" if callers else f"no container of {edge.caller} runs"


def told(planned: PlannedOn, plan: Plan) -> Iterator[str]:
    """The project as `drill plan` shows it, and what is done to it."""
    from harness.attach.addresses import HERE

    running = planned.running
    yield f"  project  {running.name}: {_count(len(running.containers), 'container')} of {', '.join(running.services)}; it runs already"
    if running.unread:
        yield f"  {'':>8} its Compose files are not known: {running.unread}; it is taken as its containers tell it"
    if planned.machine != HERE:
        yield f"  {'':>8} on {planned.machine}: nobody looks from inside of its networks, so faults on its edges are not available"
    for one in planned.there:
        yield f"  {'':>8} on {one.edge.id} stands its own Toxiproxy ({one.edge.known[0].where}); it must be seen to be used, else nothing is injected"
    for edge in planned.inserted:
        yield f"  {'':>8} put in: a Toxiproxy on {edge.id}"
    if callers := sorted({edge.caller for edge in planned.inserted}):
        each = "container has" if len(callers) == 1 else "containers have"
        yield (
            f"  {'':>8} meanwhile each {' and '.join(callers)} {each} another in its place, without what was written into its own layer; "
            "do not run docker compose up for it before the end"
        )
    if any(one.id not in plan.absent for one in plan.injections):
        yield (
            f"  {'':>8} at the end it is compared with what was found; should this machine die, `drill mend` puts it back, from any "
            "machine that has the run's folder and reaches its Docker"
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def run_attached(
    name: str, attach: Attach, wishes: Wishes, shown: PlainDisplay, tell: Callable[[Rehearsed], int]
) -> int:
    """Hold the project, plan the drill there and rehearse. `tell` shows what came of it; returns the exit code."""
    from harness.attach.context import reached
    from harness.cli.confirm import confirm, protected_by
    from harness.cli.played import played
    from harness.doctor import own
    from harness.run.attached import attached_ground
    from harness.run.prepare import narrowed
    from harness.run.session import Options
    from harness.run.target import Target, held
    from harness.target.unavailable import offered

    turn = wishes.turns.get(name)
    drill = drill_for(attach.project, name, wishes)
    key = hashlib.sha256(f"project {reached(attach.context)} {attach.project}".encode()).hexdigest()[:16]
    lock = Target(f"Compose project {attach.project}", key)
    # Another run may have edges in it, and what is found then is not what it is: it is looked at when it is ours alone.
    with held(wishes.runs, lock, drill.name, wishes.wait_s, shown.say) as mine:
        planned = plan_attached(drill, attach, lambda plan: narrowed(plan, wishes.only, wishes.skip, wishes.baseline))
        planned.plan.refuse()
        plan = offered(planned.plan)
        planned = replace(planned, plan=plan)
        for problem in plan.problems:
            shown.say(str(problem))
        with shown.resting():
            about = f"{name} --attach {attach.project}{' --insert' if attach.insert else ''}"
            confirm(protected_by(plan, attach.project), about, wishes.yes, ask=not wishes.turns)
        own.preflight(shown.say)
        if turn is not None:
            turn.clear()
        ground = attached_ground(planned.running, planned.edges, planned.inserted, planned.there, planned.machine)
        done = played(name, plan, ground, wishes, shown, mine, Options())
    return tell(done)
