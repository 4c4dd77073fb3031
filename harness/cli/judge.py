"""`drill judge`: judge a stored run again, also with another drill file. Pure: the same run gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from harness.cli.names import run_names


@click.command(
    "judge", epilog="Example:  drill judge latest --drill drills/stricter.yaml      drill judge latest --json"
)
@click.argument("run", default="latest", shell_complete=run_names)
@click.option(
    "--drill",
    "drill_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge by this drill file instead of the run's own; the run's verdict.json stays as it is.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdict's document.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML to this file too.")
def command(run: str, drill_file: Path | None, as_json: bool, junit: Path | None) -> None:
    """Judge RUN again: a run's folder, its id, its drill's name, or 'latest'.

    The exit code is the verdict's. With its own drill the run's verdict.json, junit.xml and report.html are written
    again; where its folder cannot be written (an archive), that is said. The file of --junit must be, or it ends with 6.
    """
    from harness.cli.wishes import worst
    from harness.cli.writing import not_written, write_asked
    from harness.drill.project import find_project
    from harness.errors import EXIT_HARNESS, UsageError
    from harness.judging import judge_folder, write_results
    from harness.report.json_doc import text
    from harness.report.junit import junit_xml
    from harness.run.folder import find

    folder = find(find_project().runs, run).path
    judgement = judge_folder(folder, drill_file)
    report, told, code = shown(folder), [], judgement.verdict.exit_code
    if drill_file is None:
        try:
            write_results(folder, judgement)
            report = shown(folder / "report.html")
        except OSError as error:
            told.append(f"{not_written(folder, error)}; this verdict is not kept there")
    if junit is not None:
        try:
            write_asked(junit, junit_xml(judgement.document))
        except UsageError as error:
            code = worst([code, EXIT_HARNESS])
            told.append(f"{error}; exit {code}")
    if as_json:
        tell(text(judgement.document))
    else:
        show(judgement.document, report)
    for line in told:
        click.echo(line, err=True)
    raise click.exceptions.Exit(code)


def show(document: Mapping[str, Any], folder: str) -> None:
    """The summary on stdout, in characters that its encoding has."""
    import sys

    from harness.report.terminal import in_ascii, summary

    text = summary(document, folder, colour=coloured())
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = in_ascii(text)
    tell(text)


def tell(text: str) -> None:
    """On stdout."""
    click.echo(text, nl=False)


def coloured() -> bool:
    """Colours only on a terminal that wants them."""
    import os
    import sys

    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def shown(folder: Path) -> str:
    """A path as a person would type it here."""
    try:
        return str(folder.relative_to(Path.cwd()))
    except ValueError:
        return str(folder)
