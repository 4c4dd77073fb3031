"""`drill worker`: this machine sends a part of a load that is run from another one."""

from __future__ import annotations

import re
from pathlib import Path

import click

HOST = re.compile(r"[\w.-]+|\[[0-9a-fA-F:.]+(%[\w.-]+)?\]")


@click.command("worker", epilog="Example:  drill worker --join 10.0.0.5:5557 --token-file load.token")
@click.option(
    "--join", "address", required=True, metavar="HOST:PORT", help="Where the run listens (load.workers.listen)."
)
@click.option(
    "--token-file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The same secret as the drill's load.workers.token_file.",
)
@click.option(
    "--wait", "wait_text", default="", metavar="TIME", help="Wait so long for a run, 10m; without it for ever."
)
def command(address: str, token_file: Path, wait_text: str) -> None:
    """Be one of the workers that a drill's `load: {workers: …}` expects, for one run.

    The locustfile and all settings come from the run; what this worker records goes there. Joining a run whose load has begun is
    refused, and the next run is waited for.

    Exit codes: 0 took part to the end, 2 no such address or token, 4 refused, or no run came in time.
    """
    from harness.load.joining import join
    from harness.load.secured import read_token
    from harness.quantities import seconds

    host, port = _place(address)
    try:
        wait_s = seconds(wait_text) if wait_text else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--wait") from error
    try:
        token = read_token(token_file)
    except (OSError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint="--token-file") from error
    join(host, port, token, lambda text: click.echo(text, err=True), wait_s)
    click.echo("the load has ended; all that was recorded here is with the run", err=True)


def _place(address: str) -> tuple[str, int]:
    """Host (of IPv6 in brackets) and port. Raises click.BadParameter."""
    host, _, port = address.rpartition(":")
    if not HOST.fullmatch(host) or not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 1 << 16:
        raise click.BadParameter(
            f"{address!r} is no HOST:PORT, such as 10.0.0.5:5557 or [fd00::5]:5557", param_hint="--join"
        )
    return host, int(port)
