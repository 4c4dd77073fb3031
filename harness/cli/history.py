"""`drill history`: a page of all runs of a drill."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.names import drill_names


@click.command(
    "history",
    epilog="Example:  drill history friday-traffic      drill history friday-traffic --html history.html --open",
)
@click.argument("drill", shell_complete=drill_names)
@click.option(
    "--html",
    "output",
    metavar="FILE",
    help="Where to; - is standard output. [default: history.html among the drill's runs]",
)
@click.option("--open", "show", is_flag=True, help="Open the page in a browser.")
def command(drill: str, output: str | None, show: bool) -> None:
    """Make a page of the runs of DRILL: detection, page, recovery, false alarms, p95 and errors over time, and what stood out.

    One HTML file that needs no network. The newest 200 runs are on it; its path is printed.

    \b
    Exit codes: 0 made, whatever it tells   2 no run of such a drill, or the file cannot be written
    """
    from harness.cli.judge import shown, tell
    from harness.cli.writing import write_asked
    from harness.drill.problem import did_you_mean, shown_path
    from harness.drill.project import find_project
    from harness.errors import UsageError
    from harness.history.course import course
    from harness.report.html.history import history_page
    from harness.run.stored import drills, entries, last_of_each

    runs = find_project().runs
    if show and output == "-":
        raise UsageError("--open opens the page: write it to a file")
    found, more = entries(runs, drill)
    if not found:
        raise UsageError(
            f"no run of '{drill}' in {shown_path(runs)}{did_you_mean(drill, drills(runs))}; begin one with: drill run {drill}"
        )
    text = history_page(drill, course(found), last_of_each(runs), more)
    if output == "-":
        tell(text)
        return
    path = Path(output) if output else runs / drill / "history.html"
    write_asked(path, text)
    click.echo(shown(path.absolute()))
    if show:
        click.launch(str(path.absolute()))
