"""The stack's own secrets taken out of what others wrote into a run's folder: services' logs, Locust, commands, sampled answers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from harness.curtain import Curtain

TEXTS = (
    "logs",
    "levers",
    "answers",
    "replays",
    "ledger/*.names.jsonl",
    "series/names.jsonl",
    "*.log",
    "*.txt",
    "*.json",
)
"""Facts are masked as they are written, and orders and state as they are read. `compose*.yaml` is what a stack runs by, a mend
too: it keeps them, and only its owner may read it."""


def scrub(folder: Path, curtain: Curtain) -> list[str]:
    """Each value in each of these files becomes `[NAME]`, line by line, so that a log of any length is held nowhere whole.

    Call it when nobody writes them any more. Returns the files that could not be scrubbed, each with the reason. Idempotent.
    """
    failed = []
    for path in _files(folder) if curtain.secrets else ():
        try:
            _scrub(path, curtain)
        except OSError as error:
            failed.append(f"{path.relative_to(folder)}: {error.strerror or error}")
    return failed


def _scrub(path: Path, curtain: Curtain) -> None:
    fresh = path.with_name(f".{path.name}.scrubbed")
    try:
        changed = False
        with (
            path.open("r", encoding="utf-8", errors="surrogateescape", newline="") as old,
            fresh.open("x", encoding="utf-8", errors="surrogateescape", newline="") as new,
        ):
            for line in old:
                shown = curtain.text(line)
                changed = changed or shown != line
                new.write(shown)
        if changed:
            os.chmod(fresh, path.stat().st_mode & 0o777)
            fresh.replace(path)
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    for pattern in TEXTS:
        place = folder / pattern
        found = place.rglob("*") if place.is_dir() else folder.glob(pattern)
        yield from sorted(path for path in found if path.is_file() and not path.is_symlink())
