"""Guards: limits that end the drill at once and mend everything. Looked at every second."""

from __future__ import annotations

from dataclasses import dataclass

from harness.facts import GuardTripped
from harness.ledger import Rows
from harness.run.stop import Stopped
from harness.stats import Condition, fold, holds


@dataclass(frozen=True)
class Guard:
    """`condition` has been true over a whole window of for_s ('errors > 50% for 15s')."""

    condition: Condition
    for_s: float
    text: str


def check(guards: tuple[Guard, ...], rows: Rows, load_began_s: float, now_s: float) -> None:
    """Raise Stopped when a guard's condition holds over its window; a window that is not full yet never trips."""
    for guard in guards:
        start_s = now_s - guard.for_s
        if start_s < load_began_s:
            continue
        seen = fold(rows, start_s, now_s, request=guard.condition.request, now_s=now_s)
        for condition, value, true in holds((guard.condition,), seen):
            if true:
                detail = f"{condition} held for {guard.for_s:g} s (now {value:.4g})"
                raise Stopped("guard", GuardTripped(guard=guard.text, detail=detail))


def check_duration(max_duration_s: float, now_s: float) -> None:
    """Raise Stopped when the run is older than its maximum duration."""
    if now_s > max_duration_s:
        detail = f"the run is {now_s:.0f} s old, its maximum duration is {max_duration_s:g} s"
        raise Stopped("guard", GuardTripped(guard="max_duration", detail=detail))
