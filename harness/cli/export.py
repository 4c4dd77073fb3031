"""`drill export RUN --format csv`: the ledger as a table, one line per row, for whatever reads tables."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.ledger import Rows

COLUMNS = (
    "worker",
    "number",
    "parent",
    "intended_s",
    "sent_s",
    "done_s",
    "latency_ms",
    "service_ms",
    "endpoint",
    "outcome",
    "status",
    "size",
    "version",
    "shape",
    "user",
    "aside",
    "dependent",
    "ungated",
    "state",
)
STATES = ("empty", "due", "sent", "done")
BLOCK = 10_000


@click.command(short_help="Write a run's ledger as CSV.")
@click.argument("run", type=click.Path(path_type=Path), default=None, required=True)
@click.option("--format", "form", type=click.Choice(["csv"]), default="csv", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file; else standard output.")
def command(run: Path, form: str, output: Path | None) -> None:
    """Write the ledger of RUN, a run folder (runs/NAME/STAMP-ID, or runs/latest), as CSV.

    Times are seconds since the run was opened; empty where nothing happened. latency_ms counts from the intended time,
    service_ms from sending. Works on a run that is still going on, and on one that was killed.

    Example:  drill export runs/latest -o requests.csv
    """
    from harness.ledger import read

    folder = run / "ledger"
    if not folder.is_dir():
        raise UsageError(f"{run}: no run folder with a ledger in it")
    rows = read(folder)
    if output is None:
        write_csv(rows, sys.stdout)
        return
    with output.open("w", newline="") as file:
        write_csv(rows, file)
    click.echo(f"{len(rows)} rows in {output}", err=True)


def write_csv(rows: Rows, file: TextIO) -> None:
    """A header, then one line per row, in the order of the rows."""
    out = csv.writer(file, lineterminator="\n")
    out.writerow(COLUMNS)
    for start in range(0, len(rows), BLOCK):
        out.writerows(_lines(rows.select(slice(start, start + BLOCK))))


def _lines(rows: Rows) -> Iterator[tuple[Any, ...]]:
    from harness.ledger import ASIDE, DEPENDENT, OUTCOMES, UNGATED

    array = rows.array
    numbers = zip(
        rows.worker.tolist(),
        rows.number.tolist(),
        array["parent"].tolist(),
        (_spelt(rows.intended_s, 6)),
        (_spelt(rows.sent_s, 6)),
        (_spelt(rows.done_s, 6)),
        (_spelt(rows.latency_ms, 3)),
        (_spelt(rows.service_ms, 3)),
        strict=True,
    )
    flags = array["flags"].tolist()
    for left, row, flag in zip(numbers, array.tolist(), flags, strict=True):
        _, _, _, _, endpoint, status, version, outcome, state, size, shape, user, _ = row
        yield (
            *left,
            rows.endpoints[endpoint],
            OUTCOMES[outcome],
            status or "",
            size,
            rows.versions[version],
            rows.shapes[shape],
            user,
            int(bool(flag & ASIDE)),
            int(bool(flag & DEPENDENT)),
            int(bool(flag & UNGATED)),
            STATES[state],
        )


def _spelt(values: Any, digits: int) -> list[str]:
    return ["" if math.isnan(value) else f"{value:.{digits}f}" for value in values.tolist()]
