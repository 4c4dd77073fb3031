"""Until when a run that came to no end is known whole: a power cut may keep the journal and take the end of the files beside it. Pure.

While a run goes it notes how much of each file is on the disk (facts.OnDisk). What happened after the last note that the files
still bear out is known in part only, which is worse than not at all: a share of half the requests, or a line that is missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.facts import Closed, EvidenceSealed, OnDisk
from harness.journal import CHAINED, Journal
from harness.ledger import Rows
from harness.within import within

ROWS = ".rows"
"""Of a file of the ledger's rows it is noted how many rows were begun: the file itself is longer, filled up with empty ones."""


@dataclass(frozen=True)
class Known:
    """
    until_s   nothing after it is judged; infinite for a run that its harness closed, or that noted nothing
    short     the first file that holds less than the last note says, in a sentence; '' where all do hold it
    """

    until_s: float = math.inf
    short: str = ""


def known(folder: Path, journal: Journal, rows: Rows) -> Known:
    """What of a run's folder can be judged by. A run that goes on is known until its last note, too; one that `drill mend` closed
    is no wholer for that."""
    notes = journal.of(OnDisk)
    if not notes or any(fact.writer == CHAINED for kind in (Closed, EvidenceSealed) for fact in journal.of(kind)):
        return Known()
    there: dict[str, int] = {}
    files: dict[str, int] = {}
    until_s, short = 0.0, ""
    for note in notes:
        for name in note.files.keys() - there.keys():
            there[name] = _size(folder, name, rows)
        files |= note.files
        short = _short(files, there)
        if not short:
            until_s = note.at_s
    return Known(until_s, short)


def _short(files: Mapping[str, int], there: Mapping[str, int]) -> str:
    for name, size in files.items():
        if there[name] < size:
            unit = "rows" if name.endswith(ROWS) else "bytes"
            return f"{name} holds {there[name]} {unit}, and had {size} on the disk: its end was lost"
    return ""


def _size(folder: Path, name: str, rows: Rows) -> int:
    try:
        path = within(folder, name)
        if path.suffix == ROWS:
            return int((rows.worker == int(path.stem)).sum())
        return path.stat().st_size
    except (OSError, ValueError):
        return 0
