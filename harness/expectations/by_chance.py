"""An alert that came and went before the fault already: whether it would have fired after it by chance alone. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.alerting import Episode, Identity
from harness.expectations import alerts
from harness.expectations.base import Evidence
from harness.expectations.lasting import lasting
from harness.expectations.requests import cites
from harness.facts import GateHeld
from harness.journal import Journal
from harness.quantities import spell
from harness.scoring import least_per_hour, within
from harness.verdict import Finding, inconclusive

MOST = 0.05
"""The most that chance may make of a detection: as an alert that fires once in twenty such windows."""
KNOWN = 2
"""Times from which on a rate is known: once is none."""


@dataclass(frozen=True)
class Before:
    """Of an alert that fired: how often it had begun to in calm_s without a fault, from the gate to what it should tell of; `chance` is the
    least with which so frequent an alert fires in the time that the claim gives it (0 where it is not known to be frequent)."""

    episode: Episode
    episodes: tuple[Episode, ...]
    calm_s: float
    window_s: float

    @property
    def chance(self) -> float:
        if len(self.episodes) < KNOWN:
            return 0.0
        return 1.0 - math.exp(-least_per_hour(len(self.episodes), self.calm_s) * self.window_s / 3600.0)

    @property
    def likely(self) -> bool:
        return self.chance > MOST

    def __str__(self) -> str:
        times = len(self.episodes)
        return f"it had fired {times} time{'s' if times > 1 else ''} in the {self.calm_s:.1f} s without a fault before"


def before(evidence: Evidence, found: Sequence[Episode], from_s: float, limit_s: float) -> Callable[[Episode], Before]:
    """Of the episodes `found`, for each of them; nothing where the claim is not about a fault."""
    if not alerts.faulted(evidence):
        return lambda episode: Before(episode, (), 0.0, 0.0)
    return known(evidence.journal, found, from_s, limit_s)


def known(journal: Journal, found: Sequence[Episode], from_s: float, limit_s: float) -> Callable[[Episode], Before]:
    """Before a fault that began at from_s."""
    held = journal.first(GateHeld, until_s=from_s)
    troubles = alerts.troubles(journal)
    since_s = held.at_s if held else 0.0
    hurt_s = sum(max(0.0, min(one.settled_s, from_s) - max(one.start_s, since_s)) for one in troubles)
    calm_s = from_s - since_s - hurt_s
    if calm_s <= 0:
        return lambda episode: Before(episode, (), 0.0, 0.0)
    same = lasting(journal)
    calm: dict[Identity, list[Episode]] = {}
    for one in found:
        if since_s <= one.from_s < from_s and not within(troubles, one):
            calm.setdefault(same(one), []).append(one)
    return lambda episode: Before(episode, tuple(calm.get(same(episode), ())), calm_s, limit_s - from_s)


def finding(evidence: Evidence, said: str, known: Before) -> Finding:
    """`said`: what came, in words."""
    return inconclusive(
        f"{said}, but {known}; one that comes so often fires in {spell(round(known.window_s, 1))} with a chance of at least "
        f"{known.chance:.0%} whatever is done",
        reason="pre_existing",
        decide="an alert that stays quiet without a fault, or a longer calm before it that shows how seldom it fires",
        cites=cites(evidence, *(one.began for one in known.episodes[-3:])),
    )
