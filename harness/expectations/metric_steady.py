"""What a service's counters and the load told in the steady state, before the first phase. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING

from harness.expectations.counters import Unclear, counters
from harness.expectations.metric_in_front import FRONT
from harness.expectations.metric_sides import Told, told
from harness.expectations.requests import still_open
from harness.facts import GateHeld, Injecting, PhaseBegan
from harness.journal import Window
from harness.series.raw import MS
from harness.verdict import Finding

if TYPE_CHECKING:
    from harness.expectations.base import Evidence
    from harness.expectations.service_metric import ServiceMetric


def steady_window(evidence: Evidence) -> Window | None:
    """The stretch that the gate looked at, until the first phase began."""
    gate, phase = evidence.journal.first(GateHeld), evidence.journal.first(PhaseBegan)
    return None if gate is None or phase is None else Window(gate.at_s - evidence.steady.for_s, phase.at_s)


def steady_told(claim: ServiceMetric, told_: Told) -> Told | Finding | None:
    """Both sides of the claim in the steady state; None where they are not known, a finding where they may be yet."""
    return _told(claim, told_, steady_window(told_.evidence))


def calm_told(told_: Told) -> Told | None:
    """The same until the last scrape of each target before the first fault: nothing in it can be of the fault; None: not known."""
    evidence = told_.evidence
    window, first = steady_window(evidence), evidence.journal.first(Injecting)
    if window is not None and first is not None:
        mine = {target.name for target in told_.counters.targets}
        scrapes = [one.t_s[one.t_s < first.at_s] for one in evidence.series.get("up", ()) if one.target in mine]
        end_s = min((float(at_s[-1]) for at_s in scrapes if len(at_s)), default=window.end_s) - MS
        window = Window(window.start_s, min(window.end_s, end_s)) if window.start_s < end_s else None
    both = _told(told_.claim, told_, window)
    return both if isinstance(both, Told) else None


def _told(claim: ServiceMetric, told_: Told, window: Window | None) -> Told | Finding | None:
    evidence = told_.evidence
    if window is None:
        return None
    try:
        before = counters(claim.selectors(), evidence.series, window, evidence.journal, over=evidence.over)
    except Unclear as why:
        return still_open(evidence, told_.window) if why.still_open else None
    both = told(claim, evidence, window, before)
    if isinstance(both, Finding):
        return both if both.reason == "window_open" else None
    return None if any(rise.value is None for rise in both.counters.rises(claim.selectors()[0])) else both


def counted(told_: Told, endpoints: Collection[int]) -> float:
    """What the claim's series of these requests rose by; of a histogram, all that it timed."""
    rises = told_.counters.rises(told_.claim.selectors()[0])
    groups = told_.claim.groups(told_.evidence, [rise.labels for rise in rises])
    mine = {name for name, its in groups.endpoints.items() if its <= frozenset(endpoints)}
    every = ((rises[place], its in mine) for place, its in groups.series.items())
    return sum(one.value or 0.0 for one, its in every if its and math.isinf(float(one.labels.get("le", "inf"))))


def nobody_else(claim: ServiceMetric, told_: Told) -> bool:
    """Whether the series are known to count the load's requests alone: no health checks, and no other callers, which what a proxy
    answered by itself would hide."""
    both = steady_told(claim, told_)
    if not isinstance(both, Told):
        return False
    rises = both.counters.rises(claim.selectors()[0])
    groups = claim.groups(both.evidence, [rise.labels for rise in rises])
    return all(
        sum(rises[place].value or 0.0 for place, its in groups.series.items() if its == name)
        <= both.census.most(endpoints) - both.census.statuses(endpoints, FRONT)
        for name, endpoints in groups.endpoints.items()
    )
