"""The steady state, looked at live: has it begun since an instant, and been held for as long as the drill asks?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.stats import holds, steady_from

if TYPE_CHECKING:
    from harness.expectations.base import Steady
    from harness.ledger import Rows


@dataclass(frozen=True)
class SteadyLook:
    """`hopeless`: it can no longer begin within its limit, whatever comes."""

    held: bool
    hopeless: bool
    detail: str


def look(steady: Steady, rows: Rows, since_s: float, within_s: float, now_s: float) -> SteadyLook:
    """Whether the steady state began in [since, since + within] and was held for its length. The fold that judges decides."""
    found = steady_from(rows, steady.conditions, steady.for_s, since_s, now_s, now_s, until_s=since_s + within_s)
    last = holds(steady.conditions, rows, max(since_s, now_s - steady.for_s), now_s, now_s=now_s)
    detail = "; ".join(str(held) for held in last)
    return SteadyLook(found.held, not found.held and found.open_s is None, detail)
