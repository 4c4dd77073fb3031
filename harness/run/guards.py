"""Guards: limits that end the drill at once and mend everything. Looked at every second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.drill.words import Guard, PromGuard
from harness.facts import GuardTripped, Looked, Sampled
from harness.run.stop import Stopped
from harness.stats import holds

if TYPE_CHECKING:
    from harness.journal import Journal
    from harness.ledger import Rows

SHORTEST_S = 1.0  # of a guard without a length of its own
BLIND_S = 15.0  # a guard that could not be asked for so long trips: blind is not safe
ASKED = "samples"  # the probe that asks the expressions


def check(guards: Sequence[Guard | PromGuard], rows: Rows, load_began_s: float, now_s: float) -> None:
    """Raise Stopped when a guard's condition holds over its whole window; a window that is not full yet never trips."""
    for guard in guards:
        if isinstance(guard, PromGuard):
            continue
        start_s = now_s - max(guard.for_s, SHORTEST_S)
        if start_s < load_began_s:
            continue
        (held,) = holds((guard.condition,), rows, start_s, now_s, now_s=now_s)
        if held.holds:
            raise Stopped("guard", GuardTripped(guard=str(guard), detail=f"{held} over the last {now_s - start_s:g} s"))


def check_asked(guards: Sequence[Guard | PromGuard], journal: Journal, since_s: float, now_s: float) -> None:
    """Raise Stopped when an expression gave a series at every look of its time, or could not be asked for 15 s."""
    for guard in guards:
        if not isinstance(guard, PromGuard):
            continue
        looks = [look.seen_s for look in journal.of(Looked, probe=ASKED, target=guard.query)]
        blind_s = now_s - max(since_s, looks[-1] if looks else since_s)
        if blind_s > BLIND_S:
            detail = f"it could not be asked for {blind_s:.0f} s; blind is not safe"
            raise Stopped("guard", GuardTripped(guard=str(guard), detail=detail))
        start_s = (looks[-1] if looks else now_s) - guard.for_s
        samples = [s for s in journal.of(Sampled, query=guard.query) if s.seen_s <= (looks[-1] if looks else 0)]
        before = [s for s in samples if s.seen_s < start_s]
        seen = [s for s in samples if s.seen_s >= start_s] if guard.for_s else samples[-1:]
        if seen and all(s.count for s in seen) and (not guard.for_s or before):
            value = "" if seen[-1].value is None else f" ({seen[-1].value:.4g})"
            held = f" for {guard.for_s:g} s" if guard.for_s else ""
            detail = f"{guard.query} gave {seen[-1].count} series{value}{held}"
            raise Stopped("guard", GuardTripped(guard=str(guard), detail=detail))


def check_duration(max_duration_s: float, now_s: float) -> None:
    """Raise Stopped when the run is older than its maximum duration."""
    if now_s > max_duration_s:
        detail = f"the run is {now_s:.0f} s old, its maximum duration is {max_duration_s:g} s"
        raise Stopped("guard", GuardTripped(guard="max_duration", detail=detail))
