"""What was changed against what each claim said of it, over all runs: a square for each pair. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from matrix.cell import INVALID, PASSED, Cell, Table
from matrix.record import Line


def grid(table: Table, lines: Sequence[Line]) -> Iterator[str]:
    """For each drill a table of cells and findings, with what was found so often; what must be found is bold."""
    for drill in dict.fromkeys(cell.drill for cell in table.cells):
        cells = [cell for cell in table.cells if cell.drill == drill]
        names = {cell.name for cell in cells}
        counted = [line for line in lines if line.cell in names and line.result != INVALID]
        found = dict.fromkeys(name for line in counted for name in line.seen)
        if not found:
            continue
        columns = list(found)
        yield f"## {drill}: what was planted, and what each claim said"
        yield ""
        yield f"| | runs | {' | '.join(f'`{name}`' for name in columns)} |"
        yield f"| --- | --- |{' --- |' * len(columns)}"
        for cell in cells:
            mine = [line for line in counted if line.cell == cell.name]
            squares = " | ".join(_square(cell, name, mine) for name in columns)
            yield f"| {cell.name} | {len(mine)} | {squares} |"
        yield ""


def _square(cell: Cell, name: str, lines: Sequence[Line]) -> str:
    """`passed` for what passed in every run; else each outcome with how often it was."""
    seen = Counter(line.seen.get(name, "absent") for line in lines)
    if not seen:
        return ""
    if all(said.split()[0] == PASSED for said in seen):
        text = PASSED
    else:
        text = ", ".join(
            said if count == len(lines) else f"{said} ({count} of {len(lines)})" for said, count in seen.items()
        )
    return f"**{text}**" if name in cell.wants else text
