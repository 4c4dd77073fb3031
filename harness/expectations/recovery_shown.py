"""Whether enough requests stand behind a steady state that came back, and whether it lasted while nobody hurt the stack.

Ten requests without an error are no error rate below 1 %: of a service that fails one of ten for ever, and is asked once a second,
some ten in a row end well within a minute. So a hold lasts until so many were due as can show each condition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.expectations.base import Evidence, Reach, Steady
from harness.expectations.recovery_by_name import Left
from harness.expectations.requests import now_s
from harness.facts import LoadEnded
from harness.quantities import spell
from harness.stats import Condition, Recovery, holds, steady_from
from harness.stats.steady import surely_broken, window_s
from harness.stats.windows import needed

LONGEST_S = 120.0
"""So long at the most a run looks on, for a steady state that needs more requests than `steady.for` has."""


@dataclass(frozen=True)
class Doubt:
    """Why a steady state that was held for as long as it must be does not show that it was back."""

    said: str
    reason: str
    decide: str

    @staticmethod
    def not_all(left: Left) -> Doubt:
        decide = "these requests answered as before; where they need not be, `steady` conditions of the others (errors of GET /x < 1%)"
        return Doubt(f", but not for all requests: {left}", reason="not_all_back", decide=decide)

    @staticmethod
    def broke_again() -> Doubt:
        said = "; it was held, and after that it broke again, though no fault was on"
        return Doubt(
            said, reason="broke_again", decide="a steady state that lasts, or a longer `steady.for` that sees it break"
        )


def shown(
    evidence: Evidence, looked: Recovery, start_s: float, end_s: float, known_s: float, limit_s: float
) -> tuple[Recovery, Doubt | None]:
    """The first beginning that enough requests stand behind, and why what looked like one is none; `looked` where that is so."""
    steady, until_s = evidence.steady, min(end_s, known_s)
    found = since(evidence, start_s, end_s, known_s, limit_s, shown=True)
    begun_s = (found if found.held else looked).high_s - window_s(steady.for_s)
    if found.held and found.high_s <= limit_s + 1e-9:
        until_s = lasts_until_s(evidence, begun_s, until_s)
        again = surely_broken(evidence.rows, steady.conditions, steady.for_s, begun_s, until_s, now_s(evidence.journal))
        return found, Doubt.broke_again() if again else None
    if found.held or found.open_s is None or found.tried > looked.tried:
        return looked, Doubt.broke_again()
    return looked, _too_few(evidence, begun_s, until_s)


def lasts_until_s(evidence: Evidence, begun_s: float, until_s: float) -> float:
    """Until when a steady state that began is looked at: the next phase is another story."""
    window = evidence.window
    return min(until_s, max(window.end_s if window else math.inf, begun_s + evidence.steady.for_s))


def since(
    evidence: Evidence, start_s: float, end_s: float, known_s: float, limit_s: float, shown: bool = False
) -> Recovery:
    """The steady state from start_s on, looked for until two windows after limit_s."""
    steady = evidence.steady
    return steady_from(
        evidence.rows,
        steady.conditions,
        steady.for_s,
        start_s,
        min(end_s, known_s),
        now_s(evidence.journal),
        given_up_s=evidence.timeout_s if evidence.journal.last(LoadEnded) else math.inf,
        until_s=limit_s + 2 * window_s(steady.for_s),
        shown=shown,
    )


def hold_s(steady: Steady, per_s: float | None) -> float:
    """Until enough requests are due to show each condition, with room for chance; not for ever."""
    if per_s is None:
        return max(steady.for_s, LONGEST_S)
    longest_s = max(_shown_after_s(condition, per_s) for condition in steady.conditions)
    return max(steady.for_s, min(LONGEST_S, 1.2 * longest_s + window_s(steady.for_s)))


def too_small(reach: Reach) -> str:
    """Why the load is too small for the steady state to be shown again, or ''."""
    if reach.steady is None or reach.closed or reach.window_s <= 0:
        return ""
    per_s, looked_s = reach.arrivals / reach.window_s, max(reach.steady.for_s, LONGEST_S)
    short = [one for one in reach.steady.conditions if _shown_after_s(one, per_s) > looked_s]
    if not short:
        return ""
    least = ", ".join(f"{condition} {needed(condition)}" for condition in short)
    return (
        f"about {per_s * looked_s:.0f} requests are due in the {spell(looked_s)} that it is looked at, too few to pass: "
        f"at least needed are {least}; let `steady.for` be longer, or the rate higher"
    )


def _too_few(evidence: Evidence, begun_s: float, until_s: float) -> Doubt:
    """Of the conditions that too few requests were due for from begun_s on, the one that lacks most."""
    looks = holds(evidence.steady.conditions, evidence.rows, begun_s, until_s, now_s=now_s(evidence.journal))
    short = max(looks, key=lambda one: needed(one.condition) - one.n)
    least = needed(short.condition)
    if short.n >= least:
        said = ", but answers to what was due since were still awaited"
        return Doubt(said, reason="unanswered", decide="the answers to the requests that were still waiting")
    said = f", but only {short.n} requests were due since, and {least} are needed to show {short.condition}"
    return Doubt(
        said, reason="too_few", decide=f"{least} requests without another fault: a longer `steady.for`, or more load"
    )


def _shown_after_s(condition: Condition, per_s: float) -> float:
    """How long it takes until so many requests are due as can show the condition."""
    return needed(condition) / per_s if per_s > 0 else math.inf
