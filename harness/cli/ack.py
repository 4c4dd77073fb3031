"""`drill ack`: take the page of the running drill on."""

from __future__ import annotations

import click

from harness.cli.names import run_names


@click.command("ack", epilog="Example:  drill ack      drill ack CheckoutErrorsHigh")
@click.argument("alert", required=False, default="")
@click.option("--run", "run", default="", help="Which run, where several go on.", shell_complete=run_names)
def command(alert: str, run: str) -> None:
    """Acknowledge the page (of ALERT) that the running drill has sent: you are on it. It is among the run's facts.

    Exit codes: 0 written, 2 no such run or several, 4 no drill is running.
    """
    import getpass

    from harness.drill.project import find_project
    from harness.facts import Acknowledged
    from harness.run.people import living, put

    folder = living(find_project().runs, run)
    at_s = put(folder, Acknowledged(by=getpass.getuser(), alert=alert))
    click.echo(f"acknowledged at {at_s:.1f} s of run {folder.run}", err=True)
