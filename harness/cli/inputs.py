"""What several commands take in: a drill by name with its variables, and what its stack's files say."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from harness.drill.blast_radius import Limit
    from harness.drill.model import Drill
    from harness.drill.monitor import Monitor
    from harness.drill.problem import Problem
    from harness.drill.project import Project as DrillProject
    from harness.edges import Edge
    from harness.facts import ReceiverSeen, RuleSeen
    from harness.stack.project import Project
    from harness.stack.rulefiles import RuleFiles

F = TypeVar("F", bound=Callable[..., Any])
Seen = TypeVar("Seen")


def drill_options(command: F) -> F:
    """--set, --candidate and --env-file."""
    command = click.option(
        "--candidate",
        "candidates",
        multiple=True,
        metavar="[SERVICE=]IMAGE",
        help="The release under test: the stack starts with it, and goes back to it.",
    )(command)
    command = click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Override a field: load.seed=7.")(
        command
    )
    file = click.Path(dir_okay=False, path_type=Path)
    return click.option(
        "--env-file", type=file, multiple=True, help="KEY=VALUE lines for ${VAR}; the environment wins."
    )(command)


def environment(env_files: Sequence[Path]) -> dict[str, str]:
    """Variables for ${VAR}: the environment over --env-file, later files over earlier ones. Raises UsageError."""
    from harness.drill.env_file import read_env_file

    values: dict[str, str] = {}
    for path in env_files:
        values |= read_env_file(path, {**values, **os.environ})
    return {**values, **os.environ}


def read_drill(
    name: str, sets: Sequence[str] = (), env_files: Sequence[Path] = (), candidates: Sequence[str] = ()
) -> Drill:
    """A drill by its name or its file's path. Raises UsageError with everything that is wrong."""
    from harness.drill.candidate_option import with_candidates
    from harness.drill.parse import parse
    from harness.drill.project import find_project

    return with_candidates(parse(find_project().find(name), sets=sets, env=environment(env_files)), candidates)


def projects_of(drill: Drill) -> tuple[DrillProject, ...]:
    """The projects whose settings bind a drill: the working directory's, and the one that its file stands in."""
    from harness.drill.project import find_project

    found = {one.root: one for one in (find_project(), find_project(drill.origin.base))}
    return tuple(found.values())


def limits_of(drill: Drill) -> tuple[Limit, ...]:
    """The blast radius that its projects state for all drills."""
    return tuple(limit for project in projects_of(drill) for limit in project.limits)


@dataclass(frozen=True)
class Looked:
    """What the Compose files say. None where it is not known; `why` says why.

    sure        every image was here to be asked for its ports, so that an edge that was not found is none
    project     the Compose project's name; '' where it is not known
    monitoring  where the stack's own Prometheus and Alertmanager are; `alerts` the rules, `receivers` those that they will load;
                alerts_unread  why there may be other rules, or ''
    scrapes     seconds between two scrapes, by job; `jobs` those of which series can be; `doubts` what of the stack's files is perhaps not as it is meant
    problems    what Compose finds wrong or warns of, and what a run would refuse of the files
    notes       what could not be told for want of Docker
    """

    services: tuple[str, ...] | None = None
    edges: tuple[Edge, ...] | None = None
    sure: bool = True
    monitoring: Mapping[str, str] | None = None
    alerts: tuple[RuleSeen, ...] | None = None
    alerts_unread: str = ""
    receivers: tuple[ReceiverSeen, ...] | None = None
    scrapes: Mapping[str, float] | None = None
    jobs: tuple[str, ...] | None = None
    doubts: tuple[str, ...] = ()
    project: str = ""
    why: str = ""
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")


def look(drill: Drill) -> Looked:
    """Read the stack's Compose files and find the edges; nothing is started."""
    from harness.cli.words_for_secrets import words_for_secrets
    from harness.errors import CannotRun, UsageError
    from harness.plan import make_plan
    from harness.run.observing import monitoring_of
    from harness.run.prepare import problems_of, project_of
    from harness.stack.find import find_edges
    from harness.stack.images import image_info
    from harness.stack.project import UnknownProfile
    from harness.stack.rulefiles import RuleFiles

    def wrong(error: UsageError, word: str) -> tuple[Problem, ...]:
        return tuple(drill.origin.document.problem(("stack", word), text) for text in error.problems)

    try:
        project = project_of(drill)
    except UnknownProfile as error:
        return Looked(problems=wrong(error, "profiles"), why="a profile is not there")
    except UsageError as error:
        return Looked(problems=wrong(error, "compose"), why="Compose refuses the files")
    except CannotRun as error:
        return Looked(why=str(error))
    services = tuple(project.services)
    monitoring = monitoring_of(drill, project).known()
    notes: list[str] = []

    def known(what: str, ask: Callable[[Project, str], Seen], otherwise: Seen) -> Seen:
        try:
            return ask(project, monitoring[what])
        except CannotRun as error:
            notes.append(f"the configuration of {what} is not known: {str(error).splitlines()[0]}")
            return otherwise

    found = known("prometheus", rules_of, RuleFiles())
    receivers = known("alertmanager", receivers_of, None)
    unkept: tuple[str, ...] = known("prometheus", lambda project, prometheus: doubts_of(drill, project, prometheus), ())
    looked = Looked(
        services,
        monitoring=monitoring,
        alerts=found.rules,
        alerts_unread=found.unread,
        receivers=receivers,
        scrapes=known("prometheus", scrapes_of, None),
        jobs=known("prometheus", jobs_of, None),
        doubts=(
            *unkept,
            *words_for_secrets(drill, project, found.rules, receivers),
        ),
        project=project.name,
        problems=tuple(problems_of(drill, project)),
        notes=tuple(dict.fromkeys(notes)),
    )
    if any(problem.severity == "error" for problem in make_plan(drill).check(None, services)):
        return replace(looked, why="a service is not there")
    try:
        images = image_info(project)
    except CannotRun:
        images = {}
    try:
        edges = find_edges(project, drill.stack.edges, images)
    except UsageError as error:
        problems = (*looked.problems, *wrong(error, "edges"))
        return replace(looked, problems=problems, why="an edge that the drill declares cannot be meant")
    return replace(looked, edges=edges, sure=set(services) <= set(images))


def rules_of(project: Project, prometheus: str) -> RuleFiles:
    """The rules that the stack's Prometheus ('service:port') will load, as far as they are known. Raises CannotRun where only Docker
    could tell, and is not there."""
    from harness.stack.rulefiles import RuleFiles, rule_files

    return rule_files(project, prometheus.rpartition(":")[0]) if prometheus else RuleFiles()


def rules_unfound(project: Project, prometheus: str) -> tuple[str, ...]:
    """Which of its rule files are not there."""
    from harness.stack.rulefiles import unfound

    return unfound(project, prometheus.rpartition(":")[0]) if prometheus else ()


def scrapes_of(project: Project, prometheus: str) -> Mapping[str, float] | None:
    """Seconds between two of its scrapes, by job; None where they are not known."""
    from harness.stack.scrapes import scrapes

    return scrapes(project, prometheus.rpartition(":")[0]) if prometheus else None


def jobs_of(project: Project, prometheus: str) -> tuple[str, ...] | None:
    """The jobs of which its series can be; None where they are not all known."""
    from harness.stack.jobs import jobs

    return jobs(project, prometheus.rpartition(":")[0]) if prometheus else None


def doubts_of(drill: Drill, project: Project, prometheus: str) -> tuple[str, ...]:
    """What of the stack's files is perhaps not as it is meant, each in a sentence: pages that no mailbox keeps from people before all.
    Raises CannotRun where only Docker could tell, and is not there."""
    from harness.run.observing import monitoring_of, senders_of
    from harness.stack.web_config import unlooked

    unkept = [why for one in senders_of(drill, project) for why in one.unkept]
    monitoring, observe = monitoring_of(drill, project).by_word, drill.stack.observe
    stated = {word: _stated(getattr(observe, word)) for word in monitoring}
    return (*dict.fromkeys(unkept), *unlooked(project, monitoring, stated), *rules_unfound(project, prometheus))


def _stated(monitor: Monitor) -> tuple[str, ...]:
    from harness.stack.web_config import PASSWORD, TLS

    return tuple(what for what, given in ((TLS, monitor.tls), (PASSWORD, monitor.user)) if given)


def receivers_of(project: Project, alertmanager: str) -> tuple[ReceiverSeen, ...] | None:
    """The receivers of the stack's Alertmanager ('service:port') and whether a mailbox can stand before them; None where its
    configuration cannot be read here. Raises CannotRun where only Docker could tell, and is not there."""
    from harness.stack.senders.alertmanagers import alertmanager as sender

    known = sender(project, alertmanager.rpartition(":")[0]).known if alertmanager else None
    return None if known is None else known.receivers
