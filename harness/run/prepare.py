"""What stands before a run: the drill as asked for on the command line, its stack as Compose reads it, the plan narrowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.plan import Plan

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.drill.problem import Problem
    from harness.edges import Edge
    from harness.stack.project import Project


def project_of(drill: Drill, profiles: Sequence[str] = ()) -> Project:
    """The Compose project with the drill's candidates in it; `profiles` beside those it names. Raises as `read_project`, and
    UsageError for a candidate of a service that is not there."""
    from harness.stack.candidate import with_candidates
    from harness.stack.project import read_project

    chosen = (*drill.stack.profiles, *profiles)
    project = read_project(drill.compose_files, profiles=chosen, env_files=drill.env_files)
    return with_candidates(project, drill.stack.candidate)


def problems_of(drill: Drill, project: Project) -> Iterator[Problem]:
    """What a run would refuse of the project's files and the drill's `data:`, and what Compose warns of; Docker is not asked."""
    from harness.stack.data import read_data, wrong_data
    from harness.stack.refusals import refused

    document, data = drill.origin.document, drill.stack.data
    wrong = wrong_data(project, data)
    for name, what in wrong.items():
        yield document.problem(("stack", "data", name), f"data: {what}", key=True)
    _, shared = read_data(project, {name: word for name, word in data.items() if name not in wrong})
    for missing in refused(project.config, shared):
        yield document.problem(("stack", "compose"), f"{missing.what}; cure: {missing.cure}")
    for text in project.warned:
        yield document.warning(("stack", "compose"), text)
    yield from unheeded(drill, project)


def unheeded(drill: Drill, project: Project) -> Iterator[Problem]:
    """Warnings of variables that the drill's commands set for `docker compose`, and that change nothing."""
    from harness.drill.set_for_compose import set_for_compose
    from harness.stack.filled_in import filled_in

    places: dict[str, tuple[str, ...]] | None = None
    for one in set_for_compose(drill):
        places = filled_in(project) if places is None else places
        for name in (name for name in one.names if name in places):
            what = (
                f"{one.id}: {one.script} sets {name} for docker compose, which does not reach {', '.join(places[name])}: in the "
                f"COMPOSE_FILE that a drill's commands get, ${{{name}}} is filled in already. Give it by `docker compose run -e "
                f"{name}=…`, in a file after it (COMPOSE_FILE=$COMPOSE_FILE:release.yaml), or deploy by `bad_release: "
                f"{{variables: {{{name}: …}}}}`"
            )
            yield replace(drill.problem(one.id, what, one.word), severity="warning")


def read_stack(drill: Drill) -> tuple[Project, tuple[Edge, ...]]:
    """The Compose project, and its edges. Raises UsageError for a file that Compose refuses, CannotRun without Docker."""
    from harness.stack.find import find_edges
    from harness.stack.images import image_info

    project = project_of(drill)
    return project, find_edges(project, drill.stack.edges, image_info(project))


def narrowed(plan: Plan, only: tuple[str, ...], skip: tuple[str, ...], baseline: bool) -> Plan:
    """The plan with some of its injections left out; its claims stay, and those about faults become inconclusive.

    Raises UsageError for an id that no fault has.
    """
    ids = [injection.id for injection in plan.injections]
    unknown = [name for name in (*only, *skip) if name not in ids]
    if unknown:
        raise UsageError(f"no fault {', '.join(unknown)} in the drill; there are: {', '.join(ids) or 'none'}")

    def stays(name: str) -> bool:
        return not baseline and (not only or name in only) and name not in skip

    phases = tuple(replace(p, injections=tuple(i for i in p.injections if stays(i.id))) for p in plan.phases)
    return replace(plan, phases=phases)
