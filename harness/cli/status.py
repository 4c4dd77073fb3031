"""`drill status`: what runs now, which faults are on, and what ends it."""

from __future__ import annotations

import click

from harness.cli.names import run_names


@click.command("status", epilog="Example:  drill status      drill status 3f9a12cd      drill status --json")
@click.argument("run", required=False, shell_complete=run_names)
@click.option("--json", "as_json", is_flag=True, help="As one JSON document on stdout.")
def command(run: str | None, as_json: bool) -> None:
    """Tell what runs now, and what dead runs left (of RUN, or of all): phase, faults, load, guards, and what ends it.

    \b
    Exit codes: 0 nothing runs, or what runs answers   2 no such run
                3 not known what runs left: Docker does not answer, or a folder cannot be read
                6 a run hangs or died, no fault of it is on   7 a fault may be on that nobody takes out
    """
    from harness.cli.judge import coloured, tell
    from harness.drill.runs_found import find_runs
    from harness.run import folder as folders
    from harness.run.shut import unseen
    from harness.safety.status import status, status_of

    runs = find_runs(lambda text: click.echo(text, err=True), run)
    for why in () if run else unseen(runs).values():
        click.echo(f"{why}: whether a drill runs in it is not known", err=True)
    seen = status_of(folders.find(runs, run)) if run else status(runs)
    if as_json:
        import json

        from harness.document import plain
        from harness.report.status import document

        tell(json.dumps(plain(dict(document(seen))), allow_nan=False) + "\n")
    else:
        from harness.report.status import lines

        tell("\n".join(lines(seen, colour=coloured())) + "\n")
    raise click.exceptions.Exit(seen.code)
