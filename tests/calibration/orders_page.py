"""`make calibration-orders`: how often the order book is wrong; remakes docs/orders.md and its figures.

python -m calibration.orders_page [--seeds 100] [--honest 500] [--histories 1000] [--jobs N] [--work FOLDER] [--out docs]

Ends with 1 where anything was not found exactly, or found where nothing was wrong.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from calibration import orders_report as report
from calibration.orders_suite import all_of, honest, mistakes, random_history
from calibration.work import Work

ROOT = Path(__file__).parents[2]


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m calibration.orders_page", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="runs of each mistake")
    parser.add_argument("--honest", type=int, default=500, help="runs of the shop as it should be")
    parser.add_argument("--histories", type=int, default=1000, help="histories drawn at random")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes; no figure depends on it")
    parser.add_argument("--work", type=Path, help="where what is done is kept, so that it goes on from there")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    told = parser.parse_args(given)
    began_s = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began_s:7.0f} s  {text}", flush=True)

    work = Work(told.work, told.jobs)
    right = all_of("honest shop", honest, range(told.honest), work, say)
    wrong = list(mistakes(range(10_000, 10_000 + told.seeds), work, say))
    drawn = all_of("histories", random_history, range(20_000, 20_000 + told.histories), work, say)
    figures = report.figures(wrong, right, drawn)
    told.out.mkdir(parents=True, exist_ok=True)
    (told.out / "orders.json").write_text(report.as_json(figures))
    (told.out / "orders.md").write_text(report.page(figures))
    say(f"written: {told.out / 'orders.md'}, {told.out / 'orders.json'}")
    bad = report.broken(figures)
    for text in bad:
        say(f"NOT HELD: {text}")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
