"""`drill halt`: all faults out now, then the run ends cleanly."""

from __future__ import annotations

import os

import click

from harness.cli.names import run_names

PATIENCE_S = 90.0


@click.command("halt", epilog="Example:  drill halt      drill halt 3f9a12cd --reason 'real incident'")
@click.argument("run", required=False, shell_complete=run_names)
@click.option("--reason", default="", help="Why, for the journal.")
@click.option("--patience", metavar="T", help="How long a harness may take to end its run before it is killed. [90s]")
def command(run: str | None, reason: str, patience: str | None) -> None:
    """Take all faults out of the running drill (of every one, without RUN), then end it.

    \b
    Exit codes: 0 faults are out (or nothing runs)   2 no such run
                6 faults are out, a run goes on that cannot be ended from here   7 a fault could not be taken out
    """
    from concurrent.futures import ThreadPoolExecutor

    from harness.drill.runs_found import find_runs
    from harness.errors import EXIT_HARNESS, EXIT_NOT_MENDED, UsageError
    from harness.following import Following
    from harness.run import folder as folders
    from harness.run.shut import unseen
    from harness.safety.halt import end_hanging, end_preparing, halt
    from harness.safety.openfaults import TOLD, open_faults

    def say(text: str) -> None:
        click.echo(text, err=True)

    patience_s = _seconds(patience) if patience else PATIENCE_S
    runs = find_runs(say, run)
    go_on = 0
    if run:
        wanted = [folders.find(runs, run)]
        if not wanted[0].lives():
            raise UsageError(f"run {run} is not running; `drill mend {run}` clears up after one that died")
    else:
        preparing, go_on = end_preparing(runs, say)
        wanted = [folder for folder in folders.every(runs) if folder.lives()]
        for why in unseen(runs).values():
            say(f"{why}: whether a drill runs in it is not known; they can halt it")
        if not wanted and not preparing:
            say("no drill is running here")
    with ThreadPoolExecutor(len(wanted) or 1) as pool:  # one that hangs keeps no other one's faults on
        list(pool.map(lambda folder: halt(folder, _user(), reason, say), wanted))
    still_on = []
    for folder in wanted:  # what counts is how it stands in the end: a harness that was only slow has mended meanwhile
        if end_hanging(folder, patience_s, say):
            from harness.safety.mend import mend

            still_on += mend(folder, say)
        else:
            still_on += [fault.fault for fault in open_faults(Following(folder.path, TOLD).journal())]
            go_on += bool(folder.lives())
    if still_on or go_on:
        raise click.exceptions.Exit(EXIT_NOT_MENDED if still_on else EXIT_HARNESS)


def _seconds(text: str) -> float:
    from harness.errors import UsageError
    from harness.quantities import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise UsageError(f"--patience: {error}") from None


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in many containers
        return f"user {os.getuid()}"
