"""`drill runs`: the runs, newest first, and what each came to."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.names import drill_names


@click.command("runs", epilog="Example:  drill runs      drill runs friday-traffic --limit 50      drill runs --json")
@click.argument("drill", required=False, shell_complete=drill_names)
@click.option(
    "--limit", type=click.IntRange(min=0), default=20, show_default=True, help="How many, the newest; 0 for all."
)
@click.option("-o", "--output", type=click.Path(file_okay=False), help="Of runs that were put here instead of runs/.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON document on stdout.")
def command(drill: str | None, limit: int, output: str | None, as_json: bool) -> None:
    """List the runs (of DRILL, or of all), newest first: when, what it came to, findings, length, commit and --set.

    Runs that go on, were killed or refused, and folders that cannot be read are among them and say so.

    \b
    Exit codes: 0 listed, whatever the runs came to   2 no run of such a drill
    """
    from harness.cli.judge import coloured, tell
    from harness.drill.problem import did_you_mean, shown_path
    from harness.drill.project import find_project
    from harness.errors import UsageError
    from harness.report import runs as told
    from harness.run.stored import drills, records

    runs = Path(output).absolute() if output else find_project().runs
    found = records(runs, drill or "", limit + 1 if limit else 0)
    more = bool(limit) and len(found) > limit
    found = found[:limit] if limit else found
    if drill and not found:
        raise UsageError(
            f"no run of '{drill}' in {shown_path(runs)}{did_you_mean(drill, drills(runs))}; begin one with: drill run {drill}"
        )
    if as_json:
        import json

        from harness.document import plain

        tell(json.dumps(plain(told.document(found)), allow_nan=False) + "\n")
    elif found:
        tell("\n".join(told.lines(found, more=more, colour=coloured())) + "\n")
    else:
        click.echo(f"no runs in {shown_path(runs)} yet; begin one with: drill run DRILL")
