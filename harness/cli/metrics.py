"""`drill metrics`: the last results of drills for Prometheus: as a file, to a Pushgateway, or served."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.names import drill_names


@click.command(
    "metrics",
    epilog="Examples:  drill metrics      drill metrics --textfile /var/lib/prometheus/node-exporter/drill.prom"
    "      drill metrics --push http://pushgateway:9091      drill metrics --serve 9469",
)
@click.argument("drills", nargs=-1, metavar="[DRILL]...", shell_complete=drill_names)
@click.option(
    "--textfile",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write them here, for node_exporter's textfile collector; replaced as a whole.",
)
@click.option(
    "--push", metavar="URL", help="Send them to this Pushgateway; DRILL_METRICS_PUSH keeps a password off the line."
)
@click.option("--job", default="drill", show_default=True, help="The job that the Pushgateway keeps them under.")
@click.option(
    "--timeout", default="10s", show_default=True, metavar="T", help="The Pushgateway must have taken them by then."
)
@click.option(
    "--serve", metavar="[ADDRESS:]PORT", help="Serve them at /metrics until Ctrl-C, on 127.0.0.1 unless you say where."
)
def command(
    drills: tuple[str, ...], textfile: Path | None, push: str | None, job: str, timeout: str, serve: str | None
) -> None:
    """Tell Prometheus what the last run of each DRILL (of all) came to, when one last passed, and how long detection took.

    Without an option the metrics are printed. dashboards/rules/rehearsals.yml alerts where no rehearsal has passed for 14 days,
    dashboards/results.json shows them.

    \b
    Exit codes: 0 told, whatever the runs came to   2 wrong usage, or no run of such a drill
                4 the file, the port or the Pushgateway cannot be had
    """
    from harness.cli.judge import tell
    from harness.drill.project import find_project
    from harness.report.metrics import registry
    from harness.run.results import results

    runs = find_project().runs
    where, timeout_s = _address(serve), _timeout(timeout)
    _known(runs, drills)
    told = registry(lambda: results(runs, drills))
    if textfile is None and push is None and where is None:
        from prometheus_client import generate_latest

        tell(generate_latest(told).decode())
        return
    from harness.run import publishing

    if textfile is not None:
        publishing.to_textfile(told, textfile)
    if push is not None:
        publishing.to_gateway(told, push, job, timeout_s)
    if where is not None:
        import contextlib
        import threading

        server = publishing.served(told, *where)
        click.echo(f"serving http://{where[0]}:{where[1]}/metrics until Ctrl-C", err=True)
        with contextlib.closing(server), contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


def _known(runs: Path, names: tuple[str, ...]) -> None:
    """Raises UsageError for a drill that has no run here."""
    from harness.drill.problem import did_you_mean, shown_path
    from harness.errors import UsageError
    from harness.run.stored import drills

    there = drills(runs)
    for name in names:
        if name not in there:
            raise UsageError(
                f"no run of '{name}' in {shown_path(runs)}{did_you_mean(name, there)}; begin one with: drill run {name}"
            )


def _timeout(text: str) -> float:
    from harness.errors import UsageError
    from harness.quantities import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise UsageError(f"--timeout: {error}") from None


def _address(text: str | None) -> tuple[str, int] | None:
    """The address and port of --serve. Raises UsageError."""
    from harness.errors import UsageError

    if text is None:
        return None
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(
            f"--serve: write a port, such as 9469, or an address with one, such as 10.0.0.7:9469, not {text!r}"
        )
    return host.strip("[]") or "127.0.0.1", int(port)
