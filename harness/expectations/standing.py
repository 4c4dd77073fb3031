"""Alerts that fire since before a phase's fault, to its end and on: other instances of its alert, and none of its own. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness import alerting
from harness.alerting import Episode, Identity
from harness.expectations import alerts
from harness.expectations.base import Evidence
from harness.expectations.lasting import lasting
from harness.facts import Injecting
from harness.journal import Window
from harness.scoring import ONE_EVALUATION_S, within
from harness.surroundings import MOST_SKEW_S


def upon_s(evidence: Evidence, window: Window) -> float:
    """From when an alert may be the phase's own: its first fault was asked for, or it began without one."""
    journal = evidence.journal
    phase = journal.phase_began(evidence.phase)
    began_s = phase.at_s if phase else window.start_s
    asked = journal.of(Injecting, since_s=began_s, until_s=window.start_s)
    return min((fact.at_s for fact in asked if fact.fault in evidence.faults), default=began_s) - MOST_SKEW_S


def standing(evidence: Evidence, window: Window, found: Sequence[Episode]) -> list[Episode]:
    """Those of these that began before, and in no trouble of an earlier fault, and fired still when the phase ended; also as what they
    come back with, without a break, under another label made of the value."""
    from_s, troubles, of = upon_s(evidence, window), alerts.troubles(evidence.journal), lasting(evidence.journal)
    chains: dict[Identity, list[Episode]] = {}
    for one in sorted(found, key=lambda episode: episode.from_s):
        chain = chains.get(of(one), [])
        if chain and one.from_s <= max(e.until_s for e in chain) + ONE_EVALUATION_S:
            chain.append(one)
        elif one.from_s < from_s:
            chains[of(one)] = [one]
    lasted = [chain for chain in chains.values() if max(e.until_s for e in chain) > window.start_s]
    return [one for chain in lasted if not within(troubles, chain[0]) for one in chain]


def told(first: Episode) -> str:
    return f"{first.alert}{alerting.shown(first.labels)} fires since {first.from_s:.1f} s, before the fault"
