"""Guards: limits that end the drill at once and mend everything. Looked at every second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.facts import GuardTripped
from harness.run.stop import Stopped
from harness.stats import holds

if TYPE_CHECKING:
    from harness.drill.words import Guard
    from harness.ledger import Rows

SHORTEST_S = 1.0  # of a guard without a length of its own


def check(guards: tuple[Guard, ...], rows: Rows, load_began_s: float, now_s: float) -> None:
    """Raise Stopped when a guard's condition holds over its whole window; a window that is not full yet never trips."""
    for guard in guards:
        start_s = now_s - max(guard.for_s, SHORTEST_S)
        if start_s < load_began_s:
            continue
        (held,) = holds((guard.condition,), rows, start_s, now_s, now_s=now_s)
        if held.holds:
            raise Stopped("guard", GuardTripped(guard=str(guard), detail=f"{held} over the last {now_s - start_s:g} s"))


def check_duration(max_duration_s: float, now_s: float) -> None:
    """Raise Stopped when the run is older than its maximum duration."""
    if now_s > max_duration_s:
        detail = f"the run is {now_s:.0f} s old, its maximum duration is {max_duration_s:g} s"
        raise Stopped("guard", GuardTripped(guard="max_duration", detail=detail))
