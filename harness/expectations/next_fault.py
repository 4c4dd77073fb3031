"""What began to hold only once the next fault was asked for: no late answer to this one. Pure."""

from __future__ import annotations

import math

from harness.expectations.base import Evidence
from harness.facts import Injecting, PhaseBegan
from harness.journal import Journal
from harness.surroundings import MOST_SKEW_S


def until_s(evidence: Evidence, from_s: float) -> float:
    """Until when what begins to hold can come of no later fault than the claim's own; infinite where none followed. The clocks of the
    run and of Prometheus may differ a little."""
    if not evidence.phase:
        return math.inf
    others = [one.at_s for one in evidence.journal.of(Injecting, since_s=from_s) if one.fault not in evidence.faults]
    return min(others, default=math.inf) + MOST_SKEW_S


def told(journal: Journal, at_s: float) -> str:
    """In brackets, when it came instead."""
    phase = [begun for begun in journal.of(PhaseBegan) if begun.at_s <= at_s][-1]
    return f" (only {at_s - phase.at_s:.1f} s after the beginning of {phase.phase!r}, when another fault had begun)"
