"""`drill runs`: the runs as a table for a terminal, and as one JSON document. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from textwrap import shorten
from typing import Any

from harness.harmless import one_line
from harness.history.record import Record, begun_by
from harness.quantities import numbered, spell
from harness.report.paint import Paint

SCHEMA = "drill.runs/1"
HEAD = ("when (UTC)", "run", "drill", "outcome", "passed", "failed", "inconclusive", "length", "commit, --set")
NUMERIC = (4, 5, 6, 7)
COLOURS = {"passed": "passed", "inconclusive": "inconclusive", "running": "bold", "refused": "inconclusive"}
WIDE = 160
OUTCOME = HEAD.index("outcome")


def lines(records: Sequence[Record], *, more: bool, colour: bool = False) -> Iterator[str]:
    """The table, the newest first. `more`: there may be older ones that the limit left out."""
    rows = [_row(record) for record in records]
    widths = [max(len(row[at]) for row in (HEAD, *rows)) for at in range(len(HEAD))]
    paint = Paint(colour)
    yield paint(_told(HEAD, widths), "dim")
    for record, row in zip(records, rows, strict=True):
        text = _told(row, widths)
        word = row[OUTCOME].ljust(widths[OUTCOME])
        yield text.replace(word, paint(word, COLOURS.get(record.word, "failed")), 1)
        if record.why:
            yield f"    {_short(record)}"
    if more:
        yield f"the newest {numbered(len(records), 'run')}; all of them: drill runs --limit 0"


def document(records: Sequence[Record]) -> dict[str, Any]:
    return {"schema": SCHEMA, "runs": [asdict(record) for record in records]}


def when(record: Record) -> str:
    began = record.began_unix_s
    return "not known" if began is None else datetime.fromtimestamp(began, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _short(record: Record) -> str:
    """Why it ended so, in a line; what is longer (a service's last words) stands in its report."""
    why = one_line(record.why)
    more = f" …: drill report {record.run}" if record.run else " …"
    return shorten(why, WIDE, placeholder=more) if len(why) > WIDE else why


def _row(record: Record) -> tuple[str, ...]:
    known = record.counts or record.exit_code is not None
    counts = [str(record.counts.get(name, 0)) if known else "-" for name in ("passed", "failed", "inconclusive")]
    length = "-" if record.length_s is None else spell(round(record.length_s))
    return (
        when(record),
        record.run or "-",
        one_line(record.drill),
        record.word,
        *counts,
        length,
        one_line(begun_by(record)),
    )


def _told(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.rjust(w) if at in NUMERIC else cell.ljust(w) for at, (cell, w) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
