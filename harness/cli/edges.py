"""`drill edges STACK`: the edges of a Compose project or of a drill's stack, how each is known, and what cannot be
one."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from harness.edges import Edge
    from harness.stack.find import Found
    from harness.stack.project import Project


@click.command()
@click.argument("stack", nargs=-1)
@click.option("--profile", "profiles", multiple=True, help="Switch on a Compose profile.")
@click.option("--env-file", "env_files", multiple=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--observe", is_flag=True, help="Start the stack without edges and read its connections.")
@click.option("--for", "for_", default="15s", show_default=True, help="How long --observe watches.")
@click.option("--diff", is_flag=True, help="Print what the run's Compose file would differ in from yours.")
@click.option("--offline", is_flag=True, help="--observe pulls nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    stack: tuple[str, ...],
    profiles: tuple[str, ...],
    env_files: tuple[Path, ...],
    observe: bool,
    for_: str,
    diff: bool,
    offline: bool,
    as_json: bool,
) -> None:
    """Print the edges of STACK: Compose files, a folder with one, or a drill; of the project here when left out.

    \b
    Example:  drill edges compose/wiki/compose.yaml
              drill edges first-light --observe --for 30s
    """
    project, declared, data = _read(stack or _here(), profiles, env_files)
    from harness.stack.candidate import candidates_told
    from harness.stack.find import found
    from harness.stack.images import image_info

    for text in project.warned:
        click.echo(f"warning: {text}", err=True)
    seen = found(project, declared, _quietly(image_info, project))
    edges = seen.edges
    if observe:
        edges = _observed(project, edges, for_, offline)
    changes = (*candidates_told(project), *_changes(project, edges, data)) if diff else ()
    if as_json:
        told = {
            "project": project.name,
            "edges": [{"id": edge.id, **dataclasses.asdict(edge)} for edge in edges],
            "notes": list(seen.notes),
            **({"diff": list(changes)} if diff else {}),
        }
        click.echo(json.dumps(told, indent=2))
        return
    _print(edges, seen, project.services)
    if diff:
        click.echo("\nThe run's Compose file differs from yours in:")
        for line in changes:
            click.echo(f"  {line}")


def _here() -> tuple[str, ...]:
    """The Compose files of the project that the working directory is in, as `drill init` finds them. Raises UsageError."""
    import os

    from harness.drill.project import find_project
    from harness.errors import UsageError
    from harness.init.files import compose_files

    root = find_project().root
    try:
        return tuple(map(str, compose_files(root, os.environ)))
    except UsageError:
        raise UsageError(
            f"{root}: there is no Compose file here; name one, a folder with one, or a drill: drill edges STACK"
        ) from None


def _read(
    stack: Sequence[str], profiles: Sequence[str], env_files: Sequence[Path]
) -> tuple[Project, Sequence[Any], dict[str, str]]:
    """The project, and what a drill declares of its edges and data."""
    from harness.stack.project import read_project

    if len(stack) == 1 and not _is_compose(Path(stack[0])):
        from harness.cli.inputs import read_drill
        from harness.run.prepare import project_of

        drill = read_drill(stack[0], env_files=env_files)
        return project_of(drill, profiles), drill.stack.edges, dict(drill.stack.data)
    return read_project([Path(one) for one in stack], profiles=profiles, env_files=env_files), (), {}


def _is_compose(path: Path) -> bool:
    """A folder, or a file that is no drill (a drill says so in its first key)."""
    if path.is_dir():
        return True
    if not path.is_file():
        return False
    return not any(line.startswith("drill:") for line in path.read_text(errors="replace").splitlines())


def _quietly(image_info: Any, project: Project) -> Any:
    """What images tell, where Docker runs; without it the files alone must do."""
    from harness.errors import CannotRun

    try:
        return image_info(project)
    except CannotRun:
        return {}


def _observed(project: Project, edges: tuple[Edge, ...], for_: str, offline: bool) -> tuple[Edge, ...]:
    import secrets
    import tempfile

    from harness.errors import UsageError
    from harness.quantities import seconds
    from harness.run.stop import ending_at_once
    from harness.stack.observe import joined, observe

    try:
        for_s = seconds(for_)
    except ValueError as error:
        raise UsageError(f"--for: {error}") from error
    run_id = secrets.token_hex(4)
    with ending_at_once(), tempfile.TemporaryDirectory(prefix="drill-observe-") as folder:
        place = Path(folder) / "observe" / run_id
        seen = observe(
            project, run_id, place, for_s=for_s, offline=offline, say=lambda line: click.echo(line, err=True)
        )
    return joined(edges, seen)


def _changes(project: Project, edges: tuple[Edge, ...], data: dict[str, str]) -> tuple[str, ...]:
    from harness.stack.stack import Stack

    return Stack(project, "0" * 8, Path("runs/preview/0"), edges, data=data).preview()


def _print(edges: tuple[Edge, ...], seen: Found, services: Mapping[str, Any]) -> None:
    placed = [edge for edge in edges if not edge.refused]
    width = max((len(edge.id) for edge in edges), default=0)
    for edge in placed:
        click.echo(f"{edge.id:<{width}}  {_ports(edge, services)}{_how(edge)}")
    if not placed:
        click.echo("no edge was found; declare one in a drill's `edges:`, or try --observe")
    apart = [edge for edge in edges if edge.refused]
    if apart:
        click.echo("\nNot mediated, and left as they are:")
    for edge in apart:
        click.echo(f"{edge.id:<{width}}  {edge.refused}{_how(edge)}")
    # What the files call none may have been seen to be one.
    notes = [
        note for note in seen.notes if not any(note.startswith(f"{e.caller} depends on {e.dependency},") for e in edges)
    ]
    if notes:
        click.echo("\nNo edge:")
    for note in notes:
        click.echo(f"  {note}")


def _ports(edge: Edge, services: Mapping[str, Any]) -> str:
    """The ports, what the witness will speak on the first of them, and the dependency's other names."""
    from harness.world.speaks import guess

    spoken = guess(edge, services.get(edge.dependency) or {}) or edge.speaks
    listed = f"{', '.join(map(str, edge.ports))} {spoken or 'unknown protocol'}" if edge.ports else "ports as seen"
    seen = f"{spoken}, " if spoken and not edge.ports else ""
    names = [name for name in edge.names if name != edge.dependency]
    return seen + listed + (f", also as {', '.join(names)}" if names else "")


def _how(edge: Edge) -> str:
    told: dict[str, list[str]] = {}
    for known in edge.known:
        told.setdefault(known.how, []).append(known.where)
    shared = f"; shared by {', '.join(edge.also)}" if edge.also else ""
    return "  [" + "; ".join(f"{how}: {', '.join(where)}" for how, where in told.items()) + shared + "]"
