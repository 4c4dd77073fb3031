"""`drill worker`: this machine sends a part of a load that is run from another one."""

from __future__ import annotations

from pathlib import Path

import click


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

    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise click.BadParameter(f"{address!r} is no HOST:PORT", param_hint="--join")
    try:
        token = read_token(token_file)
    except (OSError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint="--token-file") from error
    join(host, int(port), token, lambda text: click.echo(text, err=True), seconds(wait_text) if wait_text else None)
    click.echo("the load has ended; all that was recorded here is with the run", err=True)
