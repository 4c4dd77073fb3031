"""`make calibration`: both suites, the statistics, and recorded runs where given; remakes docs/calibration.md and its figures.

python -m calibration [--null 500] [--seeds 100] [--others 20] [--rehearsals 20] [--jobs N] [--work runs/calibration] [--out docs] [RUN FOLDER …]

What is done is kept in the work folder; begun again with the same code, it goes on from there.
"""

from __future__ import annotations

import argparse
import os
import time
from functools import partial
from itertools import chain
from pathlib import Path

from calibration import report
from calibration.coverage import TABLES, as_data, cell_of
from calibration.defects import DEFECTS, MET_OFTEN
from calibration.recordings import recorded
from calibration.suite import defects, in_turn, null, whole
from calibration.work import Work

ROOT = Path(__file__).parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make calibration", description=__doc__)
    parser.add_argument("--null", type=int, default=500, help="healthy runs")
    parser.add_argument("--rehearsals", type=int, default=20, help="healthy runs of the whole rehearsal, beside those")
    parser.add_argument("--seeds", type=int, default=100, help="runs of each planted defect that people meet often")
    parser.add_argument("--others", type=int, default=20, help="runs of each other planted defect")
    parser.add_argument("--simulations", type=int, default=2000, help="of each cell of the tables of coverage")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes; the figures do not depend on it"
    )
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "calibration", help="where what is done is kept")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("runs", nargs="*", type=Path, help="folders of recorded healthy runs")
    told = parser.parse_args()
    began_s = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began_s:7.0f} s  {text}", flush=True)

    work = Work(told.work, told.jobs)
    say(f"{told.null} healthy runs, each of one trouble")
    healthy = null(range(told.null), in_turn, say, work)
    say(f"{told.rehearsals} healthy runs of the whole rehearsal")
    rehearsed = null(range(10_000, 10_000 + told.rehearsals), whole, say, work)
    often = [one for one in DEFECTS if one.name in MET_OFTEN]
    others = [one for one in DEFECTS if one.name not in MET_OFTEN]
    say(f"{len(others)} planted defects, {told.others} runs each")
    found = defects(others, range(20_000, 20_000 + told.others), say, work)
    say(f"{len(often)} planted defects that people meet often, {told.seeds} runs each")
    found += defects(often, range(20_000, 20_000 + told.seeds), say, work)
    found.sort(key=lambda one: DEFECTS.index(one.planted))
    say("tables of coverage")
    covered = list(
        chain.from_iterable(
            map(cell_of, one)
            for one in work.done(
                f"coverage {told.simulations}", partial(as_data, told.simulations), range(len(TABLES)), say
            )
        )
    )
    real = recorded(told.runs, say, work) if told.runs else None
    figures = report.figures(healthy, rehearsed, found, covered, real)
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
