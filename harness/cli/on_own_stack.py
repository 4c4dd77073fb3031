"""`drill run`: one drill on a stack that drill starts, from its plan to its exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.cli.wishes import Wishes
    from harness.doctor.seen import Seen
    from harness.edges import Edge
    from harness.plan import Plan
    from harness.report.live import PlainDisplay
    from harness.run.session import Rehearsed
    from harness.run.target import Held
    from harness.stack.project import Project


def run_on_own_stack(name: str, wishes: Wishes, shown: PlainDisplay, tell: Callable[[Rehearsed], int]) -> int:
    """Plan the drill, hold its target and rehearse. `tell` shows what came of it; returns the exit code."""
    from harness.doctor.examine import begun

    turn = wishes.turns.get(name)
    if turn is not None:
        turn.enter()
    looks = begun()  # beside the imports and the reading of files

    from harness.cli.inputs import doubts_of, jobs_of, limits_of, read_drill, receivers_of, rules_of, scrapes_of
    from harness.drill import locustfile
    from harness.drill.problem import Invalid
    from harness.plan import make_plan
    from harness.run.observing import monitoring_of
    from harness.run.prepare import narrowed, read_stack
    from harness.run.target import held, of_files

    drill = read_drill(name, wishes.sets, wishes.env_files, wishes.candidates)
    if wrong := locustfile.problems(*drill.locustfiles):
        raise Invalid(wrong)
    project, edges = read_stack(drill)
    monitoring = monitoring_of(drill, project).known()
    rules = rules_of(project, monitoring["prometheus"])
    plan = make_plan(
        drill,
        edges=edges,
        services=tuple(project.services),
        monitoring=monitoring,
        alerts=rules.rules,
        alerts_unread=rules.unread,
        receivers=receivers_of(project, monitoring["alertmanager"]),
        scrapes=scrapes_of(project, monitoring["prometheus"]),
        jobs=jobs_of(project, monitoring["prometheus"]),
        doubts=doubts_of(drill, project, monitoring["prometheus"]),
        narrowed_to=limits_of(drill),
    )
    plan = narrowed(plan, wishes.only, wishes.skip, wishes.baseline)
    plan.refuse()
    with held(wishes.runs, of_files(drill.compose_files), drill.name, wishes.wait_s, shown.say) as target:
        if turn is not None:
            turn.clear()
        done = _rehearsed(name, plan, project, edges, looks, target, wishes, shown)
    return tell(done)


def _rehearsed(
    name: str,
    plan: Plan,
    stack_project: Project,
    edges: tuple[Edge, ...],
    looks: Callable[[], list[Seen]],
    target: Held,
    wishes: Wishes,
    shown: PlainDisplay,
) -> Rehearsed:
    from harness.cli.confirm import confirm, protected_by
    from harness.cli.played import played
    from harness.doctor import own
    from harness.doctor.examine import preflight
    from harness.run.own_stack import own_stack
    from harness.run.prepare import unheeded
    from harness.run.session import Options

    drill = plan.drill
    for problem in (*plan.problems, *unheeded(drill, stack_project)):
        shown.say(str(problem))
    with shown.resting():
        confirm(protected_by(plan, stack_project.name), name, wishes.yes, ask=not wishes.turns)
    preflight(shown.say, looks=looks())
    own.preflight(shown.say)
    options = Options(keep=wishes.keep or drill.stack.keep, offline=wishes.offline)
    return played(name, plan, own_stack(stack_project, edges), wishes, shown, target, options)
