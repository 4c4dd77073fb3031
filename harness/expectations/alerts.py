"""Alerts as evidence, shared by the claims about them: from when, until when, and what is said where nobody could look."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness import alerting
from harness.alerting import Episode
from harness.expectations.base import Evidence, Reach
from harness.expectations.blinded import kept_from, last_blinded
from harness.expectations.requests import cites, not_begun
from harness.facts import Injecting, Mended, MonitoringFound, PhaseBegan, PhaseSettled
from harness.journal import Journal, Window
from harness.quantities import spell
from harness.scoring import Trouble
from harness.verdict import Finding, inconclusive

PLACES = ("service", "job", "instance", "app", "component", "namespace", "container", "dependency")
"""Labels that say whom an alert is about: one that differs only there fired for somebody else."""


def begun(evidence: Evidence, *, pages: bool = False) -> Window | Finding:
    """The claim's window, or why nothing can be said: it never began, or there was no Prometheus (or Alertmanager) to look at."""
    if evidence.window is None:
        return not_begun(evidence)
    return without(evidence, pages=pages) or evidence.window


def start_of(evidence: Evidence) -> str:
    """What a claim's time counts from, in words."""
    if not evidence.phase:
        return "the gate"
    return f"the end of {evidence.phase!r}" if evidence.then else f"the beginning of {evidence.phase!r}"


def without(evidence: Evidence, *, pages: bool = False) -> Finding | None:
    """Why nothing can be said of alerts (or pages): the stack has no Prometheus (or Alertmanager). None when it has."""
    found = evidence.journal.last(MonitoringFound)
    here = found is not None and (found.alertmanager if pages else found.prometheus)
    if here:
        return None
    what = "Alertmanager" if pages else "Prometheus"
    why = (found.why if found else "") or "none was found in its Compose file"
    return inconclusive(
        f"the stack has no {what} that the harness knows of: {why}",
        reason="no_alertmanager" if pages else "no_prometheus",
        decide=f"a stack with {what}; where it is not found, name it: stack: {{observe: {{{what.lower()}: SERVICE:PORT}}}}",
        cites=cites(evidence, found),
    )


def unseen(reach: Reach, *, pages: bool = False) -> str:
    """The same at plan time: the sentence about what this stack does not have, or ''."""
    what = "alertmanager" if pages else "prometheus"
    if reach.monitoring is None or reach.monitoring.get(what):
        return ""
    return f"the stack has no {what.capitalize()} ({reach.monitoring.get('why') or 'none in its Compose file'})"


def too_long(reach: Reach, within_s: float | None) -> str:
    """Why a claim's `within` cannot be: it outlasts the phase that it is looked for in."""
    if not reach.then and within_s is not None and within_s > reach.window_s:
        return f"`within` is {spell(within_s)}, but the window is over after {spell(reach.window_s)}"
    return ""


def limit_of(evidence: Evidence, window: Window, within_s: float | None) -> float:
    """Until when the claim has time: its `within` from the window's beginning; in a phase not beyond its end."""
    if within_s is None:
        return window.end_s
    limit_s = window.start_s + within_s
    return limit_s if evidence.then else min(limit_s, window.end_s)


def from_of(evidence: Evidence, window: Window, limit_s: float) -> float:
    """From when an alert is an answer to what was done: the first injection in time, else the window's beginning."""
    if not evidence.phase or evidence.then:
        return window.start_s
    begun = [
        fact.at_s
        for fact in evidence.journal.of(Injecting, since_s=window.start_s, until_s=limit_s)
        if fact.fault in evidence.faults
    ]
    return min(begun, default=window.start_s)


def troubles(journal: Journal) -> list[Trouble]:
    """The stretches in which a fault was on, one for each phase that had one, with the settling after it as their grace."""
    found = []
    for begun_ in journal.of(PhaseBegan):
        settled = journal.first(PhaseSettled, phase=begun_.phase)
        ended = journal.phase_ended(begun_.phase)
        last_s = settled.at_s if settled else math.inf
        asked = journal.of(Injecting, since_s=begun_.at_s, until_s=min(last_s, ended.at_s if ended else math.inf))
        if not asked:
            continue
        out = [mended.seen_s for one in asked for mended in journal.of(Mended, fault=one.fault)[:1]]
        end_s = max(out) if len(out) == len(asked) else last_s
        found.append(Trouble(begun_.phase, asked[0].at_s, end_s, max(last_s, end_s), end_s))
    return found


def time_not_up(evidence: Evidence, what: str) -> Finding:
    return inconclusive(
        f"{what} by {evidence.journal.end_s:.1f} s, its time not up",
        reason="window_open",
        decide="the end of the time that it has",
        cites=cites(evidence),
    )


def not_watched(
    evidence: Evidence, what: str, who: str = "Prometheus", *, probe: str = alerting.PROBE, target: str = ""
) -> Finding:
    """`probe` is the one that should have looked, at `target`; what it says kept it from that is told."""
    blinded = last_blinded(evidence.journal, probe, target, evidence.window)
    return inconclusive(
        f"{what}, but {who} could not be looked at all the time{kept_from(blinded)}",
        reason="not_watched",
        decide=f"{who} answering until after the window",
        cites=cites(evidence, blinded),
    )


def pre_existing(evidence: Evidence, what: str, episode: Episode, from_s: float) -> Finding:
    return inconclusive(
        f"{what} was firing already since {episode.from_s:.1f} s, before {from_s:.1f} s, so it detected nothing",
        reason="pre_existing",
        decide="a steady state with `no alert firing`",
        cites=cites(evidence, episode.began),
    )


def elsewhere(wanted: Mapping[str, str], others: Sequence[Mapping[str, str]]) -> tuple[bool, str]:
    """Of alerts with other labels: whether they are about somebody else, and what is different."""
    for name, value, found in alerting.differing(wanted, others):
        how = f"{name} is {found!r}, not {value!r}" if found else f"it has no {name} ({value!r} is claimed)"
        return name in PLACES, how
    return False, "its labels are others"


def spoken(alert: str, labels: Mapping[str, str]) -> str:
    """An alert as a claim names it."""
    return f"{alert}{alerting.shown(labels)}" if alert != "*" else f"any alert{alerting.shown(labels)}"


def overlapping(found: Sequence[Episode], start_s: float, end_s: float) -> list[Episode]:
    """Episodes of which something lies in [start_s, end_s)."""
    return [episode for episode in found if episode.from_s < end_s and episode.until_s > start_s]
