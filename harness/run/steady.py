"""The steady state, looked at live: has every condition held over the last `for` seconds?"""

from __future__ import annotations

from dataclasses import dataclass

from harness.expectations.base import Steady
from harness.ledger import Rows
from harness.stats import fold, holds


@dataclass(frozen=True)
class SteadyLook:
    held: bool
    detail: str


def look(steady: Steady, rows: Rows, since_s: float, now_s: float) -> SteadyLook:
    """Judge [now - for, now); it holds only when that window lies after `since_s` and every condition could be told.

    The same fold decides here and in judging. Requests still unanswered count as at least as slow as they are old.
    """
    start_s = now_s - steady.for_s
    if start_s < since_s:
        return SteadyLook(False, f"watched for {max(0.0, now_s - since_s):.0f} s of {steady.for_s:g} s")
    told = []
    held = True
    for condition in steady.conditions:
        seen = fold(rows, start_s, now_s, request=condition.request, now_s=now_s)
        ((_, value, true),) = holds((condition,), seen)
        held = held and true is True
        shown = "nothing seen" if value is None else condition.spell(value)
        told.append(f"{condition} ({'holds' if true else shown if true is False else 'cannot be told'}: {shown})")
    return SteadyLook(held, "; ".join(told))
