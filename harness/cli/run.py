"""`drill run`: start, load, inject, mend, judge, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.attach import attach_options
from harness.cli.inputs import drill_options
from harness.cli.names import drill_names
from harness.cli.scheduled import Asked, scheduled_options, slots
from harness.cli.targets import target_option
from harness.cli.wishes import Wishes, worst
from harness.errors import (
    EXIT_HARNESS,
    EXIT_INTERRUPTED,
    EXIT_NOT_MENDED,
    EXIT_STOPPED,
    EXIT_TERMINATED,
    CannotRun,
    DrillError,
    UsageError,
    exit_code,
    said,
)
from harness.harmless import lines

if TYPE_CHECKING:
    from harness.cli.attach import Attach
    from harness.drill.model import Drill
    from harness.report.live import PlainDisplay
    from harness.run.scheduled import Slot
    from harness.run.session import Rehearsed


@click.command(
    "run",
    epilog="Examples:  drill run first-light      drill run first-light --baseline      drill run first-light --target staging",
)
@click.argument("drills", nargs=-1, required=True, metavar="DRILL...", shell_complete=drill_names)
@click.option("-n", "--dry-run", is_flag=True, help="Print the plan; touch nothing (as `drill plan`).")
@drill_options
@target_option
@attach_options
@click.option("--only", multiple=True, metavar="ID", help="Inject only these faults.")
@click.option("--skip", multiple=True, metavar="ID", help="Inject all faults but these.")
@click.option("--baseline", is_flag=True, help="Load and judge, inject nothing.")
@click.option(
    "--keep", type=click.Choice(["never", "on-failure", "always"]), help="Leave the containers after the run."
)
@click.option("--offline", is_flag=True, help="Never pull or build; list what is missing and end with 4.")
@click.option("--max-duration", metavar="T", help="A stricter maximum duration than the drill's, such as 5m.")
@click.option("-y", "--yes", is_flag=True, help="Protected targets are meant: ask nothing.")
@click.option("-o", "--output", type=click.Path(file_okay=False), help="Put run folders here instead of runs/.")
@click.option(
    "--wait", default="0s", metavar="T", help="Wait so long, such as 10m, for another run on the same stack to end."
)
@click.option("--junit", type=click.Path(dir_okay=False), help="Write one JUnit file of all DRILLs here.")
@click.option(
    "--summary",
    type=click.Path(dir_okay=False),
    help="Append a Markdown summary here ($GITHUB_STEP_SUMMARY on GitHub).",
)
@click.option(
    "--json", "as_json", is_flag=True, help="NDJSON on stdout: facts, states, and a last line of type result."
)
@click.option(
    "--live", type=click.Choice(["auto", "plain", "off"]), default="auto", help="How progress is shown (stderr)."
)
@scheduled_options
def command(
    drills: tuple[str, ...],
    dry_run: bool,
    sets: tuple[str, ...],
    candidates: tuple[str, ...],
    env_file: tuple[Path, ...],
    target: str | None,
    attach: Attach | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    baseline: bool,
    keep: str | None,
    offline: bool,
    max_duration: str | None,
    yes: bool,
    output: str | None,
    wait: str,
    junit: str | None,
    summary: str | None,
    as_json: bool,
    live: str,
    asked: Asked | None,
) -> None:
    """Rehearse: start the stack, load it, hurt it, mend it, judge it. Faults are always taken out, whatever happens.

    \b
    Exit codes: 0 every expectation passed   1 at least one failed   2 wrong usage or invalid drill
                3 inconclusive or invalid    4 could not run, or was refused (--scheduled: `drill runs` tells why)
                5 stopped by a guard or `drill halt`
                6 error of the harness       7 a fault could not be mended     130/143 interrupted
    """
    if dry_run:
        _planned(drills, sets, candidates, env_file, target, attach, as_json)
        return
    wait_s = _waits(wait)
    if max_duration:
        sets = (*sets, f"abort.max_duration={max_duration}")
    from harness.cli.pipeline import pipeline

    turns: dict[str, Slot] = {}
    if asked is not None:
        live = "off" if live == "auto" else live
        turns = slots(asked, drills, lambda name: _read(name, sets, env_file, candidates), _runs(output), _say)
        drills = tuple(turns)
    told = pipeline(drills, junit, summary)
    if drills:
        told.begin()
    try:
        _read_all(drills if len(drills) > 1 else (), sets, env_file, candidates)
    except UsageError as error:
        told.ended_all(error)
        for turn in turns.values():
            turn.refused(error, _say)
        raise
    wishes = Wishes(
        sets,
        candidates,
        env_file,
        only,
        skip,
        baseline,
        keep,
        offline,
        yes,
        _runs(output),
        wait_s,
        told,
        as_json,
        turns,
        target,
        attach,
    )
    codes = _each(drills, wishes, live) if drills else []
    for name in tuple(turns)[len(codes) :]:
        turns[name].refused(CannotRun("a drill before it in the same call ended them all"), _say)
    raise click.exceptions.Exit(worst(codes))


def _each(names: tuple[str, ...], wishes: Wishes, live: str) -> list[int]:
    """Every drill in turn, until one ends them all; the code of each."""
    from harness.cli.judge import tell
    from harness.report.json_doc import error_line
    from harness.report.live import display
    from harness.run.stop import ending_at_once

    codes: list[int] = []
    for name in names:
        shown = display(live, wishes.as_json)
        try:
            with ending_at_once():
                codes.append(_one(name, wishes, shown))
        except BaseException as error:
            shown.close()
            wishes.told.ended(name, error)
            if name in wishes.turns:
                wishes.turns[name].refused(error, _say)
            if wishes.as_json:
                tell(error_line(name, exit_code(error), said(error)) + "\n")
            if not isinstance(error, DrillError):
                raise
            click.echo("\n".join(lines(str(error))), err=True)
            codes.append(error.exit_code)
        finally:
            shown.close()
        if codes[-1] in ENDS_ALL:
            break
    return codes


def _planned(
    drills: tuple[str, ...],
    sets: tuple[str, ...],
    candidates: tuple[str, ...],
    env_file: tuple[Path, ...],
    target: str | None,
    attach: Attach | None,
    as_json: bool,
) -> None:
    from harness.cli.plan import command as plan

    for name in drills:
        assert plan.callback is not None
        plan.callback(
            drill=name,
            sets=sets,
            candidates=candidates,
            env_file=env_file,
            target=target,
            attach=attach.project if attach else None,
            insert=bool(attach and attach.insert),
            docker_context=attach.context if attach else None,
            as_json=as_json,
        )


ENDS_ALL = (EXIT_STOPPED, EXIT_HARNESS, EXIT_NOT_MENDED, EXIT_INTERRUPTED, EXIT_TERMINATED)
"""After a drill that somebody ended, or that left something on, the next ones do not begin."""


def _waits(text: str) -> float:
    from harness.quantities import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise UsageError(f"--wait: {error}") from None


def _say(text: str) -> None:
    click.echo("\n".join(lines(text)), err=True)


def _runs(output: str | None) -> Path:
    from harness.drill.project import find_project

    return Path(output).absolute() if output else find_project().runs


def _read(name: str, sets: tuple[str, ...], env_files: tuple[Path, ...], candidates: tuple[str, ...]) -> Drill:
    from harness.cli.inputs import read_drill

    return read_drill(name, sets, env_files, candidates)


def _read_all(
    names: tuple[str, ...], sets: tuple[str, ...], env_files: tuple[Path, ...], candidates: tuple[str, ...]
) -> None:
    """Every drill, before the first one runs. Raises UsageError with everything that is wrong in any of them."""
    problems: list[str] = []
    for name in names:
        try:
            _read(name, sets, env_files, candidates)
        except UsageError as error:
            problems += error.problems
    if problems:
        raise UsageError(*problems)


def _one(name: str, wishes: Wishes, shown: PlainDisplay) -> int:
    """Plan the drill, then hold its target and rehearse on it. What is refused by its plan leaves nothing behind."""

    def tell(done: Rehearsed) -> int:
        return _told(name, done, wishes, shown)

    if wishes.target:
        from harness.cli.on_target import run_on_target

        return run_on_target(name, wishes.target, wishes, shown, tell)
    if wishes.attach:
        from harness.cli.attach import run_attached

        return run_attached(name, wishes.attach, wishes, shown, tell)
    from harness.cli.on_own_stack import run_on_own_stack

    return run_on_own_stack(name, wishes, shown, tell)


def _told(name: str, done: Rehearsed, wishes: Wishes, shown: PlainDisplay) -> int:
    """Show what came of a run, and give it to the pipeline; returns the exit code."""
    from harness.cli.judge import show, tell
    from harness.cli.judge import shown as shown_path
    from harness.report.json_doc import result_line

    shown.close()
    judgement, place = done.judgement, shown_path(done.folder.path)
    code = judgement.verdict.exit_code
    if wishes.as_json:
        tell(result_line(judgement.document, place) + "\n")
    else:
        show(judgement.document, place if done.unwritten else f"{place}/report.html")
    wishes.told.judged(name, judgement)
    refused = done.unwritten or wishes.told.refused
    if refused:
        click.echo(f"{refused}; exit {worst([code, EXIT_HARNESS])}", err=True)
        code = worst([code, EXIT_HARNESS])
    return code
