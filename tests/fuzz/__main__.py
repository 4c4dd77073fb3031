"""`make fuzz [SECONDS=20] [ONLY=NAME]`: each reader for so many processor seconds; docs/fuzzing.md tells what came of it.

Where atheris is installed and `--guided` is given, one reader's inputs are chosen by what of its code they reach, until its time
is over. What breaks a reader is kept under found/. Ends with 1 when anything broke.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from fuzz.found import inputs, keep
from fuzz.mutate import mutated
from fuzz.page import Tried, page
from fuzz.target import Target, tried
from fuzz.targets import TARGETS

PAGE = Path(__file__).parents[2] / "docs" / "fuzzing.md"
UNGUIDED = "Inputs are drawn without looking at what they reach (`--guided` does, with atheris)."


def fuzz(target: Target, seconds: float, random: Random) -> Tried:
    seeds, broke, count = target.seeds(), set[str](), 0
    ends_s, begun_s = time.process_time() + seconds, time.process_time()
    while time.process_time() < ends_s:
        data = mutated(random.choice(seeds), random, random.choice(seeds))
        count += 1
        if (crash := tried(target, data)) is not None:
            broke.add(crash.signature)
            keep(target.name, crash, data)
    return told(target, count, time.process_time() - begun_s, broke)


def told(target: Target, count: int, seconds: float, broke: set[str]) -> Tried:
    known = inputs(target.name)
    stands = sum(tried(target, path.read_bytes()) is None for path in known)
    return Tried(target, count, seconds, len(broke), len(known), stands)


def guided(target: Target, seconds: float) -> None:
    """By coverage, with libFuzzer's own mutations and ours in turn; ends the process, as libFuzzer does."""
    import atheris

    seeds, random = target.seeds(), Random(1)

    def one(data: bytes) -> None:
        if (crash := tried(target, data)) is not None:
            print(f"{target.name}: {crash.signature}: {keep(target.name, crash, data)}", flush=True)

    def change(data: bytes, most: int, seed: int) -> Any:
        if seed % 2:
            return atheris.Mutate(data, most)
        return mutated(data or random.choice(seeds), Random(seed), random.choice(seeds))[:most]

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds:.0f}", "-max_len=65536"], one, custom_mutator=change)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--seconds", type=float, default=20.0, help="processor time for each reader")
    parser.add_argument("--only", default="", help="one reader by its name")
    parser.add_argument("--seed", type=int, default=0, help="0 is by the clock")
    parser.add_argument("--guided", action="store_true", help="by coverage, with atheris; for one reader")
    asked = parser.parse_args()
    chosen = [target for target in TARGETS if asked.only in ("", target.name)]
    if not chosen:
        print(f"no reader {asked.only!r}; there are {', '.join(target.name for target in TARGETS)}", file=sys.stderr)
        return 2
    if asked.guided:
        guided(chosen[0], asked.seconds)
    random, found = Random(asked.seed or time.time_ns()), []
    for target in chosen:
        found.append(fuzz(target, asked.seconds, random))
        print(
            f"{target.name}: {found[-1].inputs} inputs in {found[-1].seconds:.0f} s, broke in {found[-1].broke} ways",
            flush=True,
        )
    if not asked.only:
        PAGE.write_text(page(found, UNGUIDED, datetime.now(UTC).strftime("%Y-%m-%d")), encoding="utf-8")
    return 1 if any(one.broke or one.stands < one.kept for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
