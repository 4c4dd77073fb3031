"""`drill halt`: all faults out now, then the run ends cleanly."""

from __future__ import annotations

import sys

import click

from harness.cli.names import run_names


@click.command("halt", epilog="Example:  drill halt      drill halt 3f9a12cd --reason 'real incident'")
@click.argument("run", required=False, shell_complete=run_names)
@click.option("--reason", default="", help="Why, for the journal.")
@click.option("--patience", default="90s", help="How long a harness may take to end its run before it is killed.")
def command(run: str | None, reason: str, patience: str) -> None:
    """Take all faults out of the running drill (of every one, without RUN), then end it.

    Exit codes: 0 faults are out, 2 no such run, 7 a fault could not be taken out.
    """
    import getpass

    from harness.drill.project import find_project
    from harness.errors import EXIT_NOT_MENDED, UsageError
    from harness.journal import read
    from harness.quantities import seconds
    from harness.run import folder as folders
    from harness.safety.halt import end_hanging, halt
    from harness.safety.mend import mend
    from harness.safety.openfaults import open_faults

    try:
        patience_s = seconds(patience)
    except ValueError as error:
        raise UsageError(f"--patience: {error}") from None
    runs = find_project().runs
    if run:
        wanted = [folders.find(runs, run)]
        if not wanted[0].lives():
            raise UsageError(f"run {run} is not running; `drill mend {run}` clears up after one that died")
    else:
        wanted = [folder for folder in folders.every(runs) if folder.lives()]
        if not wanted:
            click.echo("no drill is running here", err=True)
            return

    def say(text: str) -> None:
        click.echo(text, err=True)

    for folder in wanted:
        halt(folder, getpass.getuser(), reason, say)
    still_on = []
    for folder in wanted:  # what counts is how it stands in the end: a harness that was only slow has mended meanwhile
        if end_hanging(folder, patience_s, say):
            still_on += mend(folder, say)
        else:
            still_on += [fault.fault for fault in open_faults(read(folder.path))]
    if still_on:
        sys.exit(EXIT_NOT_MENDED)
