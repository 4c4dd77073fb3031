"""`drill report`: make a run's report again, in each form that it has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.names import run_names

if TYPE_CHECKING:
    from harness.judging import Judgement

FILES = {"html": "report.html", "md": "report.md", "junit": "junit.xml", "json": "verdict.json"}


@click.command(
    "report",
    epilog="Examples:  drill report latest --open      drill report first-light --format md -o -      drill report 3f9a01bc --format html,json,junit,md",
)
@click.argument("run", default="latest", shell_complete=run_names)
@click.option(
    "--format",
    "forms",
    default="html",
    show_default=True,
    metavar="LIST",
    help="Of html, json, junit, md and your own; with commas.",
)
@click.option("--open", "show", is_flag=True, help="Open the HTML report in a browser.")
@click.option("-o", "output", metavar="FILE", help="Write one format here instead; - is standard output.")
def command(run: str, forms: str, show: bool, output: str | None) -> None:
    """Make the report of RUN again: a run's folder, its id, its drill's name, or 'latest'.

    The evidence is judged again, so the report is of what lies in the folder. Each form goes to its own file there, and
    its path is printed. The exit code is 0 when the report was made, whatever it tells; `drill judge` has the verdict's.
    """
    from harness.cli.judge import shown, tell
    from harness.cli.writing import write_asked
    from harness.drill.project import find_project
    from harness.errors import UsageError
    from harness.judging import judge_folder
    from harness.parts import in_use
    from harness.run.folder import find

    in_use.use()
    wanted = _forms(forms)
    if output is not None and len(wanted) != 1:
        raise UsageError("-o takes one format; leave it out to write several into the run's folder")
    if show and ("html" not in wanted or output == "-"):
        raise UsageError("--open opens the HTML report: write it, to a file")
    folder = find(find_project().runs, run).path
    judgement = judge_folder(folder)
    if judgement.verdict.ending.running:
        click.echo(
            f"{folder.name} still runs: this is what it had written by now. At its end it makes its own report",
            err=True,
        )
    for form in wanted:
        text = told(form, judgement)
        if output == "-":
            tell(text)
            continue
        path = Path(output) if output is not None else folder / FILES.get(form, f"report.{form}")
        write_asked(path, text)
        click.echo(shown(path.absolute()))
        if show and form == "html":
            click.launch(str(path.absolute()))


def told(form: str, judgement: Judgement) -> str:
    """The report in one form, as text."""
    from harness.judging import report_page
    from harness.report.json_doc import text
    from harness.report.junit import junit_xml
    from harness.report.markdown import markdown

    match form:
        case "html":
            return report_page(judgement.story)
        case "md":
            return markdown(judgement.story)
        case "junit":
            return junit_xml(judgement.document)
        case "json":
            return text(judgement.document)
        case _:
            return _own(form, judgement)


def _own(form: str, judgement: Judgement) -> str:
    """In a form of the user's own. Raises UsageError where that fails."""
    from harness.errors import UsageError
    from harness.parts import in_use

    report = next(report for report in in_use.of_kind("report") if report.name == form)
    try:
        made = report.text(judgement.document)
    except (Exception, SystemExit) as error:
        raise UsageError(f"--format {form}: the report of your own failed: {type(error).__name__}: {error}") from error
    if not isinstance(made, str):
        raise UsageError(f"--format {form}: text() of your own report returned {type(made).__name__}, not a text")
    return made


def _forms(text: str) -> list[str]:
    """The formats asked for, each once. Raises UsageError on an unknown one."""
    from harness.drill.problem import did_you_mean
    from harness.errors import UsageError
    from harness.parts import in_use

    known = (*FILES, *(report.name for report in in_use.of_kind("report")))
    forms = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for form in forms:
        if form not in known:
            hint = did_you_mean(form, known) or f"; there are {', '.join(known)}"
            raise UsageError(f"--format: no format '{form}'{hint}")
    if not forms:
        raise UsageError(f"--format: write one or more of {', '.join(known)}")
    return forms
