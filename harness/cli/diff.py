"""`drill diff`: what changed between two runs of a drill, beyond the noise of the runs before."""

from __future__ import annotations

import click

from harness.cli.names import run_names


@click.command(
    "diff",
    epilog="Example:  drill diff latest~1 latest      drill diff 3f9a01bc friday-traffic --all      drill diff latest~1 latest --false-alarms 10% --json",
)
@click.argument("one", metavar="RUN", shell_complete=run_names)
@click.argument("other", metavar="RUN", shell_complete=run_names)
@click.option(
    "--false-alarms",
    default="5%",
    show_default=True,
    metavar="SHARE",
    help="In how many comparisons without a change one may be called; 5% needs 19 runs before, 10% needs 9, 20% needs 4.",
)
@click.option("--all", "everything", is_flag=True, help="Also every option, and the numbers of each request name.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON document on stdout.")
def command(one: str, other: str, false_alarms: str, everything: bool, as_json: bool) -> None:
    """Tell what changed from the older RUN to the newer one; each a folder, an id, a drill's name, 'latest', or latest~1.

    Outcomes of claims, detection, page, recovery, false alarms, p95 and errors of each phase and request name, and what the
    runs were run with. A difference is called a change only where the newer run stands out among the like runs before it.

    \b
    Exit codes: 0 nothing stands out that is worse   1 something worse stands out   2 no such run
                3 not enough runs to tell, or the newer run was not played to its end
    """
    from harness.cli.judge import coloured, tell
    from harness.drill.project import find_project
    from harness.errors import UsageError
    from harness.history.compare import compare
    from harness.quantities import ratio
    from harness.report import diff as told
    from harness.run.folder import find
    from harness.run.stored import before, side

    try:
        share = ratio(false_alarms)
    except ValueError as error:
        raise UsageError(f"--false-alarms: {error}") from None
    if not 0.001 <= share <= 0.2:
        raise UsageError(f"--false-alarms: {false_alarms} is not between 0.1% and 20%")
    runs = find_project().runs
    older, newer = sorted((find(runs, one), find(runs, other)), key=lambda folder: folder.path.name)
    if older.path.resolve() == newer.path.resolve():
        raise UsageError(f"{one} and {other} are the same run, {older.run}; `drill runs {older.drill}` lists others")
    if older.drill != newer.drill:
        raise UsageError(
            f"{older.run} is a run of {older.drill} and {newer.run} of {newer.drill}: runs of one drill can be compared; "
            f"`drill runs {newer.drill}` lists them"
        )
    found = compare(side(older), side(newer), before(newer.path.parent.parent, newer), share)
    if as_json:
        import json

        from harness.document import plain

        tell(json.dumps(plain(told.document(found)), allow_nan=False) + "\n")
    else:
        tell("\n".join(told.lines(found, colour=coloured(), everything=everything)).rstrip() + "\n")
    raise click.exceptions.Exit(found.exit_code)
