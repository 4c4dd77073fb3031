"""`--target NAME`: what the commands that take it have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.cli.inputs import Looked, limits_of, projects_of

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.plan import Plan
    from harness.target.model import Target
    from harness.target.place import Place

F = TypeVar("F", bound=Callable[..., Any])


def names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The targets of the working directory's project, for the shell."""
    from harness.drill.project import find_project
    from harness.errors import UsageError

    try:
        return [name for name in find_project().targets if name.startswith(incomplete)]
    except UsageError:
        return []


def target_option(command: F) -> F:
    """--target."""
    return click.option(
        "--target",
        metavar="NAME",
        shell_complete=names,
        help="Play it on a system that runs already: [tool.drill.targets.NAME] of pyproject.toml.",
    )(command)


@dataclass(frozen=True)
class Planned:
    """A target, the folder in which its commands run, the plan as it can be played there, and what is known of its parts."""

    target: Target
    root: Path
    plan: Plan
    looked: Looked


def plan_on(drill: Drill, name: str) -> Planned:
    """The drill planned on a target, which stands among what the command line gave. Touches nothing; raises UsageError."""
    from harness.drill.parse import build
    from harness.plan import make_plan
    from harness.target.config import find_target
    from harness.target.edges import edges_of
    from harness.target.unavailable import on_target

    target, root = find_target(projects_of(drill), name)
    document = drill.origin.document
    document = replace(document, given=(*document.given, f"--target {name}"))
    drill = build(document, drill.origin.base, stem=Path(document.file).stem)
    edges, monitoring = edges_of(target), target.monitoring()
    plan = make_plan(drill, monitoring=monitoring, narrowed_to=limits_of(drill))
    return Planned(target, root, on_target(plan, target), Looked(edges=edges, monitoring=monitoring))


def told(target: Target, plan: Plan) -> Iterator[str]:
    """The target as `drill plan` shows it, and what becomes of faults there when this machine dies."""
    yield f"  target   {target.name}: load goes to {_at(target.load)}; it runs already, and is neither started nor stopped"
    for name, place in target.toxiproxy.items():
        yield f"  {'':>8} {name}: {_at(place)}"
    for word in ("prometheus", "alertmanager"):
        if place := getattr(target, word):
            yield f"  {'':>8} {word}: {_at(place)}"
    if target.logs:
        yield f"  {'':>8} logs of {', '.join(target.logs.services)}"
    if target.pages:
        poll = target.pages.poll
        seen = f"read from {_at(poll)} every {poll.every_s:g} s" if poll else f"taken at {target.pages.listen}"
        yield f"  {'':>8} pages to {', '.join(target.pages.receivers)} are {seen}; nothing keeps others from people"
    for clear in target.clear_to_start:
        when = "clear to start, and all the time," if clear.throughout else "clear to start"
        yield f"  {'':>8} {when} while: {clear.what}"
    if target.protected:
        yield f"  {'':>8} protected: `drill run` asks for its name, or wants --yes"
    if any(one.fault.on_edge and one.id not in plan.absent for one in plan.injections):
        yield (
            f"  {'':>8} toxics are out when the harness dies or hangs; should this machine die, nothing there takes them out: from any "
            "machine that has the run's folder, `drill mend` does"
        )


def _at(place: Place) -> str:
    """Its URL, and by which name it is known there."""
    name = f" (as {place.server_name})" if place.server_name else ""
    return f"{place.url}{name}{' (its certificate is not looked at)' if place.insecure_skip_verify else ''}"
