"""`make calibration`: both suites, the statistics, and recorded runs where given; remakes docs/calibration.md and its figures.

python -m calibration [--null 500] [--seeds 100] [--rehearsals 20] [--out docs] [RUN FOLDER …]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from calibration import report
from calibration.coverage import tables
from calibration.defects import DEFECTS
from calibration.recordings import recorded
from calibration.suite import defects, in_turn, null

ROOT = Path(__file__).parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make calibration", description=__doc__)
    parser.add_argument("--null", type=int, default=500, help="healthy runs")
    parser.add_argument("--rehearsals", type=int, default=20, help="healthy runs of the whole rehearsal, beside those")
    parser.add_argument("--seeds", type=int, default=100, help="runs of each planted defect")
    parser.add_argument("--simulations", type=int, default=2000, help="of each cell of the tables of coverage")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("runs", nargs="*", type=Path, help="folders of recorded healthy runs")
    told = parser.parse_args()
    began_s = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began_s:7.0f} s  {text}", flush=True)

    say(f"{told.null} healthy runs, each of one trouble")
    healthy = null(range(told.null), in_turn, say)
    say(f"{told.rehearsals} healthy runs of the whole rehearsal")
    whole = null(range(10_000, 10_000 + told.rehearsals), lambda seed: (), say)
    say(f"{len(DEFECTS)} planted defects, {told.seeds} runs each")
    found = defects(DEFECTS, range(20_000, 20_000 + told.seeds), say)
    say("tables of coverage")
    covered = tables(told.simulations)
    real = recorded(told.runs, say) if told.runs else None
    figures = report.figures(healthy, whole, found, covered, real)
    told.out.mkdir(parents=True, exist_ok=True)
    (told.out / "calibration.json").write_text(report.as_json(figures))
    (told.out / "calibration.md").write_text(report.page(figures))
    say(f"written: {told.out / 'calibration.md'}, {told.out / 'calibration.json'}")
    wrong = report.broken(figures)
    for text in wrong:
        say(f"NOT HELD: {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
