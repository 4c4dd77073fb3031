"""Whether a run's evidence is what the run wrote: the hash of every file, in its journal, whose lines are chained."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from harness.damage import Damage
from harness.facts import EvidenceSealed
from harness.journal import Journal
from harness.ondisk import settle
from harness.within import within

EVIDENCE = ("drill.yaml", "ledger", "orders", "state", "series", "spans", "logs")
"""What claims are judged by, beside the journal."""
TOLD = 3


def hashes(folder: Path, *, settled: bool = False) -> dict[str, str]:
    """SHA-256 by path in the folder, of every file of the evidence that can be read. `settled`: each is on the disk (fsync) then, so
    that a power cut leaves no seal on what it took."""
    found = {}
    for path in _files(folder):
        try:
            if settled:
                settle(path)
            found[path.relative_to(folder).as_posix()] = _sha256(path)
        except OSError:
            continue
    return found


def broken(folder: Path, journal: Journal) -> tuple[Damage, ...]:
    """What is not as it was sealed; () where all is, or the run was killed before it sealed anything."""
    seals = journal.of(EvidenceSealed)
    if not seals:
        return ()
    sealed = dict(seals[-1].files)
    there = {path.relative_to(folder).as_posix() for path in _files(folder)}
    changed = [name for name, known in sealed.items() if _now(folder, name) != known]
    changed += sorted(name for name in there - set(sealed))
    if not changed:
        return ()
    more = f" and {len(changed) - TOLD} more" if len(changed) > TOLD else ""
    said = f"{', '.join(changed[:TOLD])}{more}: not as the run wrote {'it' if len(changed) == 1 else 'them'}"
    return (Damage(frozenset(name.partition("/")[0] for name in changed), said),)


def _now(folder: Path, name: str) -> str:
    try:
        return _sha256(within(folder, name))
    except OSError:
        return ""


def _files(folder: Path) -> Iterator[Path]:
    for name in EVIDENCE:
        place = folder / name
        yield from sorted(path for path in (place.rglob("*") if place.is_dir() else [place]) if path.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
