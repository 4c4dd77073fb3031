"""`drill halt`: all faults out now, then the run ends cleanly."""

from __future__ import annotations

import sys

import click


@click.command("halt", epilog="Example:  drill halt      drill halt 3f9a12cd --reason 'real incident'")
@click.argument("run", required=False)
@click.option("--reason", default="", help="Why, for the journal.")
@click.option("--patience", default="90s", help="How long a harness may take to end its run before it is killed.")
def command(run: str | None, reason: str, patience: str) -> None:
    """Take all faults out of the running drill (of every one, without RUN), then end it.

    Exit codes: 0 faults are out, 2 no such run, 7 a fault could not be taken out.
    """
    import getpass

    from harness.drill.project import find_project
    from harness.errors import EXIT_NOT_MENDED, UsageError
    from harness.quantities import seconds
    from harness.run import folder as folders
    from harness.safety.halt import end_hanging, halt
    from harness.safety.mend import mend

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

    still_on = [fault for folder in wanted for fault in halt(folder, getpass.getuser(), reason, say)]
    for folder in wanted:
        if end_hanging(folder, patience_s, say):
            still_on += mend(folder, say)
    if still_on:
        sys.exit(EXIT_NOT_MENDED)
