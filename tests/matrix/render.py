"""A matrix as Markdown: what was expected, how often it came so, and every run. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence

from matrix.cell import INVALID, NOT, OK, Cell, Table
from matrix.grid import grid
from matrix.record import Line

TIMES = {
    "watchdog": "From the death until nothing was left, with no command typed",
    "mend": "Where there was no watchdog (yet), `drill mend` had everything gone in",
}
MARKS = {OK: "✓", NOT: "✗", INVALID: "(invalid)"}


def page(table: Table, lines: Sequence[Line], newest: frozenset[str] = frozenset()) -> str:
    """The whole file: docs/TABLE.md. `newest` are the commits of the newest code: runs on it are also counted by themselves."""
    mine = [line for line in lines if table.cell(line.cell) is not None]
    new = [line for line in mine if not newest or (line.commit in newest and not line.dirty)]
    old = [line for line in mine if line not in new]
    squares = grid(table, (*new, *old)) if table.grid else ()
    parts = (
        *_head(table, new, old),
        *_times((*new, *old)),
        *_cells(table, new, old),
        *squares,
        *_runs(mine),
        *_retired(table, lines),
    )
    return "\n".join(parts) + "\n"


def _head(table: Table, new: Sequence[Line], old: Sequence[Line]) -> Iterator[str]:
    yield f"# {table.title}"
    yield ""
    yield table.told
    yield ""
    every = (*new, *old)
    if every:
        first, last = min(line.at for line in every), max(line.at for line in every)
        commits = {line.commit for line in every}
        when = first[:10] if first[:10] == last[:10] else f"{first[:10]} to {last[:10]}"
        ok, counted = _score(every)
        yield (
            f"**{ok} of {counted} runs came out as they must**; {len(every) - counted} of {len(every)} were invalid "
            f"and are counted apart. Made {when} on {len(commits)} commit{'s' * (len(commits) != 1)}; each run names its own below."
        )
        ok, counted = _score(new)
        yield f"On the newest code it was {ok} of {counted}, and {len(new) - counted} invalid." if new and old else ""
    else:
        yield "No run yet."
    missing = [
        f"{cell.name} ({have} of {cell.times})"
        for cell in table.cells
        if (have := _score(line for line in every if line.cell == cell.name)[1]) < cell.times
    ]
    if missing:
        yield f"Missing: {', '.join(missing)}."
    yield ""
    yield f"To make it again: `make {table.name}`. It plays what is missing and appends each run as it ends, so it can be broken off;"
    yield "runs on older files count, and are said to be stale (`--list`); `--redo-stale` plays those cells again."
    yield "A commit with a + had changes beside it."
    yield ""


def _times(lines: Sequence[Line]) -> Iterator[str]:
    """Of runs that were killed: how long it took until nothing of them was left."""
    for by, told in TIMES.items():
        times = sorted(line.gone_s for line in lines if line.gone_by == by and line.gone_s is not None)
        if times:
            runs = f"{len(times)} run" + "s" * (len(times) != 1)
            yield f"{told}: median {statistics.median(times):.1f} s, worst {times[-1]:.1f} s ({runs})."
            yield ""


def _score(lines: Iterable[Line]) -> tuple[int, int]:
    """How many runs came out as they must, of how many that were not invalid."""
    counted = [line for line in lines if line.result != INVALID]
    return sum(line.result == OK for line in counted), len(counted)


def _cells(table: Table, new: Sequence[Line], old: Sequence[Line]) -> Iterator[str]:
    yield "| | what is changed | drill | must end with | so it did | invalid | on the newest code |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for cell in table.cells:
        mine = [line for line in (*new, *old) if line.cell == cell.name]
        ok, counted = _score(mine)
        score = f"{ok} of {counted}" if counted else "not run"
        now, of = _score(line for line in new if line.cell == cell.name)
        yield (
            f"| **{cell.name}** | {_in_cell(cell.told)} | {cell.played} | {_must(cell)} | {score} | {len(mine) - counted} "
            f"| {f'{now} of {of}' if of else ''} |"
        )
    yield ""


def _must(cell: Cell) -> str:
    wants = [f"`{name}` {_in_cell(str(want))}" for name, want in cell.wants.items()]
    others = "all others" if wants else "all"
    ends = " or ".join(str(code) for code in (cell.exit_code, *sorted(cell.also)))
    return "<br>".join((f"exit {ends}", *wants, f"{others} {' or '.join(sorted(cell.rest))}"))


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
