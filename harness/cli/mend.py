"""`drill mend`: clear up after a killed run."""

from __future__ import annotations

import sys

import click

from harness.cli.names import run_names


@click.command("mend", epilog="Example:  drill mend      drill mend latest      drill mend --force")
@click.argument("run", required=False, shell_complete=run_names)
@click.option("--force", is_flag=True, help="Also remove what bears our label but belongs to no run folder here.")
def command(run: str | None, force: bool) -> None:
    """Remove what dead runs left (of RUN, or of all): faults, containers, networks, volumes. Real data is never touched.

    Exit codes: 0 nothing is left, 2 no such run, 7 something could not be removed.
    """
    from harness.curtain import Curtain
    from harness.drill.project import find_project
    from harness.errors import EXIT_NOT_MENDED, UsageError
    from harness.judging import judge_folder, secrets_of, write_results
    from harness.run import folder as folders
    from harness.run.scrub import scrub
    from harness.safety.mend import cleared, mend, strays

    def say(text: str) -> None:
        click.echo(text, err=True)

    runs = find_project().runs
    unknown: list[str] = []
    if run:
        dead = [folders.find(runs, run)]
        if dead[0].lives():
            raise UsageError(f"run {run} is running; `drill halt {run}` ends it")
    else:
        dead, unknown = strays(runs)
    left = []
    for folder in dead:
        left += mend(folder, say)
        for what in scrub(folder.path, Curtain(secrets_of(folder.path) or ())):
            say(f"{folder.run}: secrets of the stack may stand in {what}")
        if folder.drill_file.exists():
            write_results(folder.path, judge_folder(folder.path))
    for name in unknown:
        if force:
            left += cleared(name, say)
            say(f"{name}: removed (no run folder here)")
        else:
            say(f"{name}: something bears our label, but no run folder here does; `drill mend --force` removes it")
    if not dead and not unknown:
        say("nothing to mend")
    if left:
        sys.exit(EXIT_NOT_MENDED)
