"""What a power cut leaves of a run's files: of each what was surely on disk, and of the rest a part, torn at any place.

A machine that loses power loses what was written and not synced, in whole or in part. A file that was never synced may be
empty, whatever it was; one that was put in the place of another may be there without its content.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path

APPENDED = (".jsonl", ".log", ".rows")
"""Files that grow at their end: they are torn anywhere after what was synced. Others are whole or empty."""


def surely(lines: Iterable[str]) -> dict[Path, int]:
    """The length of each file that is surely on disk, from `LENGTH PATH` lines as TORTURE_SYNCED gets them; a torn one is left out."""
    found: dict[Path, int] = {}
    for line in lines:
        length, _, path = line.rstrip("\n").partition(" ")
        if length.isdigit() and path.startswith("/"):
            found[Path(path)] = max(found.get(Path(path), 0), int(length))
    return found


def cut(folder: Path, synced: dict[Path, int], chance: random.Random) -> Iterator[str]:
    """Tear the files of a dead run as a power cut may have; yields what became of each file that lost anything.

    Files of the watchdog are left as they are: it syncs what it needs by itself, which cannot be seen from here. The lock `alive`
    holds nothing but a process id, and that process is gone.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.stem in ("alive", "watchdog"):
            continue
        whole, sure = path.stat().st_size, synced.get(path, 0)
        if path.suffix in APPENDED:
            left = chance.randint(min(sure, whole), whole)
        else:
            left = whole if sure >= whole or chance.random() < 0.5 else 0
        if left < whole:
            with path.open("r+b") as file:
                file.truncate(left)
            yield f"{path.relative_to(folder)} cut from {whole} to {left} bytes"
