"""`drill export RUN`: the ledger as a table, one line per row, for whatever reads tables: CSV, or Parquet with an extra."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from harness.cli.names import run_names
from harness.cli.reader import unread
from harness.errors import CannotRun, Missing, UsageError

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
PARQUET_BLOCK = 250_000  # rows of a row group


@click.command(
    "export",
    epilog="Examples:  drill export latest -o requests.csv      drill export latest --format parquet -o requests.parquet",
)
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--format", "form", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file; else standard output (CSV)."
)
def command(run: str, form: str, output: Path | None) -> None:
    """Write the ledger of RUN as a table: a run's folder, its id, its drill's name, or 'latest'.

    Times are seconds since the run was opened; empty where nothing happened. latency_ms counts from the intended time,
    service_ms from sending. Works on a run that is still going on, and on one that was killed. Parquet needs pyarrow
    (the extra `parquet`) and a file to write to.
    """
    from harness.cli.writing import not_written
    from harness.ledger import read

    folder = _ledger(run)
    rows = read(folder)
    if output is None and form == "parquet":
        raise UsageError("Parquet is no text: name a file for it with -o")
    if output is None:
        write_csv(rows, sys.stdout)
        sys.stdout.flush()
        return
    try:
        if form == "parquet":
            write_parquet(rows, output)
        else:
            with output.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
                write_csv(rows, file)
    except OSError as error:
        raise not_written(output, error) from None
    click.echo(f"{len(rows)} rows in {output}", err=True)


def _ledger(run: str) -> Path:
    """The ledger of a run. Raises UsageError when there is none."""
    from harness.drill.project import find_project
    from harness.run.folder import find

    folder = Path(run) if (Path(run) / "ledger").is_dir() else find(find_project().runs, run).path
    if not (folder / "ledger").is_dir():
        raise UsageError(f"{run}: no run folder with a ledger in it")
    return folder / "ledger"


def write_parquet(rows: Rows, path: Path) -> None:
    """The same columns, typed: times and lengths are doubles (null where nothing happened), names dictionaries.

    Raises CannotRun without pyarrow.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise CannotRun(
            Missing("Parquet is written by pyarrow, which is not installed", "pip install 'drill-harness[parquet]'")
        ) from None
    writer = None
    for start in range(0, max(1, len(rows)), PARQUET_BLOCK):
        table = pa.table(_columns(rows.select(slice(start, start + PARQUET_BLOCK))))
        writer = writer or parquet.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    assert writer is not None
    writer.close()


def _columns(rows: Rows) -> dict[str, Any]:
    """By name, in the order of COLUMNS, as pyarrow's arrays."""
    import numpy as np
    import pyarrow as pa

    from harness.ledger import ASIDE, DEPENDENT, OUTCOMES, UNGATED

    array = rows.array

    def time(values: Any) -> Any:
        return pa.array(np.asarray(values, float), mask=np.isnan(values))

    def name(numbers: Any, names: tuple[str, ...]) -> Any:
        spelt = [text.encode("utf-8", "backslashreplace").decode() for text in names]
        return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32)), pa.array(spelt, pa.string()))

    status = array["status"]
    columns = {
        "worker": pa.array(np.ascontiguousarray(rows.worker)),
        "number": pa.array(np.ascontiguousarray(rows.number)),
        "parent": pa.array(np.ascontiguousarray(array["parent"])),
        "intended_s": time(rows.intended_s),
        "sent_s": time(rows.sent_s),
        "done_s": time(rows.done_s),
        "latency_ms": time(rows.latency_ms),
        "service_ms": time(rows.service_ms),
        "endpoint": name(array["endpoint"], rows.endpoints),
        "outcome": name(array["outcome"], OUTCOMES),
        "status": pa.array(np.ascontiguousarray(status), mask=status == 0),
        "size": pa.array(np.ascontiguousarray(array["size"])),
        "version": name(array["version"], rows.versions),
        "shape": name(array["shape"], rows.shapes),
        "user": pa.array(np.ascontiguousarray(array["user"])),
        "aside": pa.array(rows.has(ASIDE)),
        "dependent": pa.array(rows.has(DEPENDENT)),
        "ungated": pa.array(rows.has(UNGATED)),
        "state": name(array["state"], STATES),
    }
    return {column: columns[column] for column in COLUMNS}


def write_csv(rows: Rows, file: TextIO) -> None:
    """A header, then one line per row, in the order of the rows; until nobody reads it any more."""
    out = csv.writer(file, lineterminator="\n")
    out.writerow(COLUMNS)
    for start in range(0, len(rows), BLOCK):
        if unread(file):
            return
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
            _no_formula(rows.endpoints[endpoint]),
            OUTCOMES[outcome],
            status or "",
            size,
            _no_formula(rows.versions[version]),
            _no_formula(rows.shapes[shape]),
            user,
            int(bool(flag & ASIDE)),
            int(bool(flag & DEPENDENT)),
            int(bool(flag & UNGATED)),
            STATES[state],
        )


def _no_formula(text: str) -> str:
    """A spreadsheet runs what begins so; a service names its own version (OWASP, CSV Injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _spelt(values: Any, digits: int) -> list[str]:
    return ["" if math.isnan(value) else f"{value:.{digits}f}" for value in values.tolist()]
