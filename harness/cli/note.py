"""`drill note`: write down what you see, believe, decide or do."""

from __future__ import annotations

import click

from harness.cli.names import run_names


@click.command(
    "note",
    epilog="Examples:  drill note the new release of api fails checkouts      drill note --kind decide roll back",
)
@click.argument("text", nargs=-1, required=True)
@click.option(
    "--kind",
    type=click.Choice(["observe", "hypothesis", "decide", "act"]),
    default="hypothesis",
    show_default=True,
    help="What you see, believe to be wrong, decide, or do.",
)
@click.option("--run", "run", default="", help="Which run, where several go on.", shell_complete=run_names)
def command(text: tuple[str, ...], kind: str, run: str) -> None:
    """Write TEXT into the running drill's record: without --kind, what you believe is wrong.

    Exit codes: 0 written, 2 no such run or several, 4 no drill is running.
    """
    import getpass

    from harness.drill.project import find_project
    from harness.facts import Noted
    from harness.judging import secrets_of
    from harness.masking import masked
    from harness.run.people import LONGEST, living, put

    folder = living(find_project().runs, run)
    said = masked(" ".join(text)[:LONGEST], secrets_of(folder.path) or ())
    at_s = put(folder, Noted(by=getpass.getuser(), kind=kind, text=said))
    click.echo(f"noted at {at_s:.1f} s of run {folder.run}", err=True)
