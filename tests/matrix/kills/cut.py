"""What a cut run may say: nothing that the whole one denies, and nothing of a window that was still open. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.errors import EXIT_FAILED, EXIT_PASSED
from harness.facts import Injecting, LoadEnded, PhaseEnded
from harness.journal import Journal
from matrix.cell import FAILED, INCONCLUSIVE, PASSED, Found, Want

ENDS_WITH = {"slow-works": "slow", "slow-is-fast": "slow", "gone-works": "gone"}
"""Claims about all requests of a phase: open until it ends."""
WHOLE_RUN = ("web-stays", "no-traceback", "no-error")
AFTER = {"slow-recovers": "slow", "gone-recovers": "gone"}
"""Claims about what comes after a phase: open until then, at least."""


def contradictions(cut: Mapping[str, Found], whole: Mapping[str, Want]) -> Iterator[str]:
    """Findings of the cut run that the whole run denies. What is only inconclusive in the whole run denies nothing."""
    for name, found in cut.items():
        if found.outcome == INCONCLUSIVE:
            continue
        want = whole.get(name)
        if want is None:
            yield f"{name}: {found}, and the whole run has no such finding ({found.because})"
        elif found.outcome != want.outcome:
            yield f"{name}: {found}, but {want.outcome} in the whole run ({found.because})"


def decided_too_early(cut: Mapping[str, Found], journal: Journal) -> Iterator[str]:
    """Findings that passed, or failed by a share or a percentile, though their window had not ended by the end of the journal."""
    ended = {fact.phase for fact in journal.of(PhaseEnded)}
    load_ended = bool(journal.of(LoadEnded))
    for name, found in cut.items():
        if found.outcome == INCONCLUSIVE:
            continue
        phase = ENDS_WITH.get(name) or AFTER.get(name)
        if phase is not None and phase not in ended:
            yield f"{name}: {found}, but {phase!r} had not ended ({found.because})"
        if name in WHOLE_RUN and found.outcome == PASSED and not load_ended:
            yield f"{name}: {found}, but the load had not ended ({found.because})"
        if name == "no-error" and found.outcome == FAILED and not journal.of(Injecting, target="store"):
            yield f"{name}: {found}, but the store had not been stopped ({found.because})"


def verdict_too_early(exit_code: int, journal: Journal) -> Iterator[str]:
    """A cut run is never called passed, nor failed before anything was done to the stack."""
    if exit_code == EXIT_PASSED:
        yield "the cut run was called passed"
    if exit_code == EXIT_FAILED and not journal.of(Injecting):
        yield "the cut run was called failed before anything was hurt"
