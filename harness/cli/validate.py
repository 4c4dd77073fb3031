"""`drill validate`: drill files, their locustfiles, their Compose files, edges and services. Starts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.inputs import drill_options, environment, limits_of, look
from harness.cli.names import drill_names
from harness.cli.targets import plan_on, target_option

if TYPE_CHECKING:
    from harness.drill.problem import Problem


@click.command("validate")
@click.argument("paths", nargs=-1, metavar="[DRILL|PATH]...", shell_complete=drill_names)
@drill_options
@target_option
@click.option(
    "--format", "shape", type=click.Choice(["text", "json", "github", "sarif"]), default="text", show_default=True
)
def command(
    paths: tuple[str, ...],
    sets: tuple[str, ...],
    candidates: tuple[str, ...],
    env_file: tuple[Path, ...],
    target: str | None,
    shape: str,
) -> None:
    """Check drill files: every error at once, as file:line:column. Without PATH all drills of the project.

    Exit code 0 when all are valid, 2 otherwise.

    Example:  drill validate      drill validate drills/first-light.yaml --format github
    """

    from harness.errors import EXIT_USAGE

    env = environment(env_file)
    placed: list[tuple[str, Problem]] = []
    unchecked: list[str] = []
    wrong: set[Path] = set()
    files = _files(paths)
    for file in files:
        problems, unknown = check(file, sets, env, candidates, target)
        placed += [(_shown(file), problem) for problem in problems]
        unchecked += [f"{_shown(file)}: {text}" for text in unknown]
        if any(problem.severity == "error" for problem in problems):
            wrong.add(file)
    found = [problem for _, problem in placed]
    if shape == "text":
        _print_text(files, found, wrong)
    elif shape == "json":
        _print_json(files, found, unchecked)
    elif shape == "sarif":
        _print_sarif(placed, unchecked)
    else:
        _print_github(found)
    for text in unchecked:
        click.echo(f"note: {text}", err=True)
    if wrong:
        raise click.exceptions.Exit(EXIT_USAGE)


def check(
    file: Path,
    sets: Sequence[str],
    env: dict[str, str],
    candidates: Sequence[str] = (),
    target: str | None = None,
) -> tuple[list[Problem], list[str]]:
    """All problems of one drill, and what could not be checked (with the reason) or is not asked."""
    from harness.drill import elsewhere, locustfile
    from harness.drill.candidate_option import with_candidates
    from harness.drill.left_by_rollback import unasked
    from harness.drill.parse import parse
    from harness.drill.problem import Invalid
    from harness.drill.requests_named import unchecked_requests
    from harness.plan import make_plan

    try:
        drill = with_candidates(parse(file, sets=sets, env=env), candidates)
    except Invalid as invalid:
        return list(invalid.found), []
    found = [*locustfile.problems(*drill.locustfiles), *elsewhere.warnings(*drill.locustfiles)]
    unnamed = unchecked_requests(drill)
    unchecked = [unnamed] if unnamed else []
    if target:
        return [*found, *plan_on(drill, target).plan.problems], unchecked
    looked = look(drill)
    found += looked.problems
    found += make_plan(
        drill,
        edges=looked.edges,
        services=looked.services,
        sure=looked.sure,
        monitoring=looked.monitoring,
        alerts=looked.alerts,
        alerts_unread=looked.alerts_unread,
        receivers=looked.receivers,
        scrapes=looked.scrapes,
        jobs=looked.jobs,
        doubts=looked.doubts,
        narrowed_to=limits_of(drill),
    ).problems
    known: dict[tuple[str, int, int, str], Problem] = {(p.file, p.line, p.column, p.what): p for p in found}
    unchecked += filter(None, (*looked.notes, unasked(drill)))
    if looked.edges is None and not any(problem.severity == "error" for problem in known.values()):
        unchecked.append(f"services and edges could not be checked: {looked.why}")
    return list(known.values()), unchecked


def _files(paths: Sequence[str]) -> list[Path]:
    from harness.drill.problem import shown_path
    from harness.drill.project import drill_files, find_project
    from harness.errors import UsageError

    project = find_project()
    if not paths:
        files = list(project.drill_files())
        if not files:
            raise UsageError(f"no drills in {shown_path(project.drills)}; name a file, or make one there")
        return files
    files = []
    for path in paths:
        if Path(path).is_dir():
            found = drill_files(Path(path))
            if not found:
                raise UsageError(f"no drills in {shown_path(Path(path))}; name a file, or another folder")
            files += found
        else:
            files.append(project.find(path))
    return files


def _shown(file: Path) -> str:
    from harness.drill.problem import shown_path

    return shown_path(file)


def _print_text(files: Sequence[Path], found: Sequence[Problem], wrong: set[Path]) -> None:
    for problem in found:
        click.echo(str(problem))
    for file in files:
        if file not in wrong:
            click.echo(f"{_shown(file)}: valid")
    errors = sum(problem.severity == "error" for problem in found)
    click.echo(
        f"{len(files)} drill{'s' if len(files) != 1 else ''} checked, {errors} error{'s' if errors != 1 else ''}",
        err=True,
    )


def _print_json(files: Sequence[Path], found: Sequence[Problem], unchecked: Sequence[str]) -> None:
    import dataclasses
    import json

    made: dict[str, Any] = {
        "schema": "drill.validate/1",
        "valid": not any(problem.severity == "error" for problem in found),
        "files": [_shown(file) for file in files],
        "problems": [dataclasses.asdict(problem) for problem in found],
        "unchecked": list(unchecked),
    }
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))


def _print_sarif(placed: Sequence[tuple[str, Problem]], unchecked: Sequence[str]) -> None:
    import json

    from harness.cli.pipeline import from_root
    from harness.report.sarif import sarif

    click.echo(json.dumps(sarif(placed, unchecked, from_root), indent=2, ensure_ascii=False))


def _print_github(found: Sequence[Problem]) -> None:
    """Of each severity as many annotations as GitHub shows; the others as lines of the step's log."""
    from harness.report.workflow import MOST, limited

    for severity in ("error", "warning"):
        problems = [problem for problem in found if problem.severity == severity]
        for line in limited([annotation(one) for one in problems], "", severity=severity, rest="see the step's log"):
            click.echo(line)
        for problem in problems[MOST - 1 :] if len(problems) > MOST else ():
            click.echo(str(problem).partition("\n")[0])


def annotation(problem: Problem) -> str:
    """A workflow command of GitHub Actions, at the problem's place from the repository's root."""
    from harness.cli.pipeline import from_root
    from harness.report import workflow

    file = from_root(problem.file) if problem.line else problem.file
    return workflow.annotation(problem.severity, problem.what, file=file, line=problem.line, column=problem.column)
