"""A matrix as Markdown: what was expected, how often it came so, and every run. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matrix.cell import INVALID, NOT, OK, Cell, Table
from matrix.grid import grid
from matrix.record import Line

MARKS = {OK: "✓", NOT: "✗", INVALID: "(invalid)"}


def page(table: Table, lines: Sequence[Line]) -> str:
    """The whole file: docs/TABLE.md."""
    mine = [line for line in lines if table.cell(line.cell) is not None]
    squares = grid(table, mine) if table.grid else ()
    return (
        "\n".join((*_head(table, mine), *_cells(table, mine), *squares, *_runs(mine), *_retired(table, lines))) + "\n"
    )


def _head(table: Table, lines: Sequence[Line]) -> Iterator[str]:
    counted = [line for line in lines if line.result != INVALID]
    ok = sum(line.result == OK for line in counted)
    yield f"# {table.title}"
    yield ""
    yield table.told
    yield ""
    if lines:
        first, last = min(line.at for line in lines), max(line.at for line in lines)
        commits = list(dict.fromkeys(str(line.made_on) for line in lines))
        when = first[:10] if first[:10] == last[:10] else f"{first[:10]} to {last[:10]}"
        yield (
            f"**{ok} of {len(counted)} runs came out as they must**; {len(lines) - len(counted)} of {len(lines)} were invalid "
            f"and are counted apart. Made {when} on {'commit' if len(commits) == 1 else 'commits'} {', '.join(commits)}."
        )
    else:
        yield "No run yet."
    missing = [
        f"{cell.name} ({have} of {cell.times})"
        for cell in table.cells
        if (have := sum(line.cell == cell.name for line in counted)) < cell.times
    ]
    if missing:
        yield f"Missing: {', '.join(missing)}."
    yield ""
    yield f"To make it again: `make {table.name}`. It plays what is missing and appends each run as it ends, so it can be broken off;"
    yield "lines made of older files are kept and said to be stale (`--list`), `--redo-stale` plays those cells again."
    yield "A commit with a + had changes beside it."
    yield ""


def _cells(table: Table, lines: Sequence[Line]) -> Iterator[str]:
    yield "| | what is changed | drill | must end with | so it did | invalid |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for cell in table.cells:
        mine = [line for line in lines if line.cell == cell.name]
        counted = [line for line in mine if line.result != INVALID]
        ok = sum(line.result == OK for line in counted)
        score = f"{ok} of {len(counted)}" if counted else "not run"
        yield f"| **{cell.name}** | {_in_cell(cell.told)} | {cell.played} | {_must(cell)} | {score} | {len(mine) - len(counted)} |"
    yield ""


def _must(cell: Cell) -> str:
    wants = [f"`{name}` {_in_cell(str(want))}" for name, want in cell.wants.items()]
    others = "all others" if wants else "all"
    return "<br>".join((f"exit {cell.exit_code}", *wants, f"{others} {' or '.join(sorted(cell.rest))}"))


def _runs(lines: Sequence[Line]) -> Iterator[str]:
    yield "## Every run"
    yield ""
    yield "| began (UTC) | | commit | | exit (must) | s | load | what differs |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for line in sorted(lines, key=lambda line: line.at):
        why = "<br>".join(map(_in_cell, line.why))
        yield (
            f"| {line.at} | {line.cell} {line.number} | {line.made_on} | {MARKS[line.result]} | {line.exit_seen} ({line.exit_expected}) "
            f"| {line.seconds:.0f} | {line.load:.1f} | {why} |"
        )


def _retired(table: Table, lines: Sequence[Line]) -> Iterator[str]:
    """Runs of cells that are no more are not hidden."""
    old = [line for line in lines if table.cell(line.cell) is None]
    if old:
        names = ", ".join(dict.fromkeys(line.cell for line in old))
        yield ""
        yield f"Beside these, {len(old)} runs of cells that are no more ({names}) stand in {table.name}.jsonl."


def _in_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
