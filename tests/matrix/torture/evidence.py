"""Whether what a killed run left behind can be read, and reaches up to its last second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness import ledger
from harness.facts import LoadBegan, LoadEnded
from harness.journal import Journal, read
from harness.ledger import LedgerUnreadable
from matrix.torture.seams import AFTER, Seam

LAST_S = 3.0
"""A harness writes down its clock every second, and its load each arrival; on a full machine either may be late."""


def readable(folder: Path, died_ns: int, *, torn: bool, load_lived: bool) -> Iterator[str]:
    """What is wrong with facts and ledger, each in a sentence.

    died_ns     of CLOCK_MONOTONIC
    torn        by a power cut: then only what was synced must be there
    load_lived  until then, so that its rows reach up to then too
    """
    journal = read(folder)
    try:
        rows = ledger.read(folder / "ledger")
    except (LedgerUnreadable, ValueError, OSError) as error:
        yield f"the ledger cannot be read: {error}"
        return
    began, ended = journal.first(LoadBegan), journal.first(LoadEnded)
    if torn or began is None or ended is not None or journal.opened is None:
        return
    died_s = (died_ns - journal.opened.monotonic_ns) / 1e9
    if journal.end_s < died_s - LAST_S:
        yield f"the last fact is of {died_s - journal.end_s:.1f} s before the death"
    if load_lived and died_s > began.begins_s + LAST_S:
        last_s = max((int(due) / 1e6 for due in rows.array["intended_us"]), default=0.0)
        if last_s < died_s - LAST_S:
            yield f"the last arrival in the ledger is of {died_s - last_s:.1f} s before the death"


def kept(journal: Journal, seams: Iterable[str]) -> Iterator[str]:
    """Facts that were on disk when the harness went on, and are not in the journal any more, each in a sentence."""
    there = Counter(_named(fact.__class__.__name__, getattr(fact, "fault", "")) for fact in journal.facts)
    promised = Counter(
        seam.what.removeprefix("journal ")
        for seam in map(Seam.of, seams)
        if seam.when == AFTER and seam.what.startswith("journal ")
    )
    for named, count in promised.items():
        if there[named] < count:
            yield f"{named} was written {count} times for good, and stands in the journal {there[named]} times"


def _named(kind: str, fault: str) -> str:
    return f"{kind} {fault}".strip().replace("/", "-")
