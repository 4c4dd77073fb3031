"""`python -m matrix TABLE`: play what the table lacks, and render it."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from matrix.rehearsal import ROOT
from matrix.runner import Runner
from matrix.tables import TABLES


def main(argv: list[str]) -> int:
    """0 when every run that counts is ok and none is missing, 1 when not, 130 when broken off."""
    parser = argparse.ArgumentParser(prog="python -m matrix", description=__doc__)
    parser.add_argument("table", choices=sorted(TABLES))
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this cell alone; may be repeated")
    parser.add_argument("--list", action="store_true", help="say what is there, stale or missing; run nothing")
    parser.add_argument("--redo-stale", action="store_true", help="play again what was made of older files")
    parser.add_argument(
        "--below", type=float, metavar="LOAD", help="begin each run once the load average is below this"
    )
    parser.add_argument("--render", action="store_true", help="write the page again; run nothing")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "matrix", help="where runs and copies go")
    asked = parser.parse_args(argv)
    table, play = TABLES[asked.table]
    if unknown := [name for name in asked.only if table.cell(name) is None]:
        parser.error(f"no cell {', '.join(unknown)}; there are: {', '.join(cell.name for cell in table.cells)}")
    runner = Runner(table, ROOT, asked.work, play, below=asked.below)
    if asked.list:
        print("\n".join(runner.tell(runner.standings())))
        return 0
    if asked.render:
        runner.render()
        return 0
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a shell's background job is started with it ignored
        signal.signal(number, signal.default_int_handler)
    try:
        return 0 if runner.run(asked.only, redo_stale=asked.redo_stale) else 1
    except KeyboardInterrupt:
        print("broken off; the same command goes on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
