"""`python -m strangers [--only NAME] [--runs FOLDER]`: plays the applications of tests/strangers, then makes the page again.

A line per play goes to docs/strangers.jsonl as it ends. `--page` plays nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from matrix.record import here

from strangers.page import page
from strangers.picture import picture
from strangers.play import NAMES, play, true_edges

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def main() -> int:
    parser = argparse.ArgumentParser(prog="strangers", description=__doc__)
    parser.add_argument("--only", choices=NAMES, help="play this one alone")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs", help="where the runs' folders are made")
    parser.add_argument("--page", action="store_true", help="play nothing: make the page from the lines that are there")
    told = parser.parse_args()
    lines = DOCS / "strangers.jsonl"
    failed = False
    for name in () if told.page else (told.only,) if told.only else NAMES:
        with tempfile.TemporaryDirectory(prefix="drill-strangers-") as home:
            print(f"{name}: init, validate, edges, run", file=sys.stderr)
            commit = str(here(ROOT, ("harness", "tests/strangers")))
            line = play(name, Path(home), told.runs.resolve(), commit)
        folder = line.pop("folder", "")
        failed |= "verdict" not in line
        with lines.open("a") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        if folder:
            why = picture(Path(folder) / "report.html", DOCS / f"strangers-{name}.png")
            if why:
                print(f"{name}: {why}", file=sys.stderr)
                failed = True
    read = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    (DOCS / "strangers.md").write_text(page(read, {name: true_edges(name) for name in NAMES}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
