"""The long mode's work in pieces: each a seed, done in any of several processes, and kept, so that what was broken off goes on.

What is kept stands under a digest of all code that it comes from: of another judge or simulator nothing is taken.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SOURCES = ("harness", "tests/calibration")
KINDS = (".py", ".yaml")
Piece = Callable[[int], Any]


def digest(root: Path = ROOT) -> str:
    """Of the files that the results come from: the judge's, the simulator's, the defects', the drill's."""
    found = hashlib.sha256()
    for path in sorted(path for source in SOURCES for path in (root / source).rglob("*") if path.suffix in KINDS):
        found.update(f"{path.relative_to(root)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


class Work:
    """Results of pieces by their name and seed, each appended as it is done."""

    def __init__(self, folder: Path | None, jobs: int = 1, code: str = "") -> None:
        self.jobs = jobs
        self._path = folder / f"{code or digest()}.jsonl" if folder is not None else None
        self._kept: dict[tuple[str, int], Any] = {}
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._kept = dict(_read(self._path))

    def done(self, name: str, piece: Piece, seeds: Sequence[int], told: Callable[[str], None] = print) -> Iterator[Any]:
        """What `piece` (of a module: other processes must find it) makes of each seed, in the order of the seeds whatever the
        number of processes. `name` says which piece, and all else that its result depends on.
        """
        missing = [seed for seed in seeds if (name, seed) not in self._kept]
        if len(missing) < len(seeds):
            told(f"  {len(seeds) - len(missing)} of {len(seeds)} were done before")
        fresh = self._made(piece, missing)
        for seed in seeds:
            if (name, seed) not in self._kept:
                self._keep(name, seed, next(fresh))
            yield self._kept[name, seed]

    def _made(self, piece: Piece, seeds: Sequence[int]) -> Iterator[Any]:
        if self.jobs <= 1 or len(seeds) <= 1:
            yield from map(piece, seeds)
            return
        with ProcessPoolExecutor(self.jobs, multiprocessing.get_context("spawn"), initializer=_alone) as pool:
            yield from pool.map(piece, seeds)

    def _keep(self, name: str, seed: int, result: Any) -> None:
        self._kept[name, seed] = result = json.loads(json.dumps(result))  # as it is when it was read
        if self._path is not None:
            with self._path.open("a") as kept:
                kept.write(json.dumps({"name": name, "seed": seed, "result": result}) + "\n")


def _alone() -> None:
    """One process is one processor: linear algebra must not take the others'."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def _read(path: Path) -> Iterator[tuple[tuple[str, int], Any]]:
    """A line torn by a kill is left out, and ended, so that the next one is whole."""
    if not path.exists():
        return
    text = path.read_text()
    if text and not text.endswith("\n"):
        with path.open("a") as kept:
            kept.write("\n")
    for line in text.splitlines():
        try:
            one = json.loads(line)
        except ValueError:
            continue
        yield (one["name"], one["seed"]), one["result"]
