"""Alerts as evidence, shared by the claims about them: from when, until when, and what is said where nobody could look."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness import alerting, evaluations, surroundings
from harness.alerting import Episode
from harness.expectations.base import Evidence, Reach
from harness.expectations.blinded import kept_from, last_blinded
from harness.expectations.lasting import lasting
from harness.expectations.requests import cites, not_begun
from harness.facts import Blinded, Injecting, Looked, Mended, MonitoringFound, PhaseBegan, PhaseSettled, RuleSeen
from harness.journal import Journal, Window
from harness.quantities import spell
from harness.scoring import Trouble
from harness.verdict import Finding, failed, inconclusive

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


def never_asked(evidence: Evidence, query: str, probe: str) -> Finding | None:
    """That a run which is over never asked a query, for its drill did not: Prometheus had no part in that. None where it did."""
    journal = evidence.journal
    tried = (journal.first(kind, probe=probe, target=target) for kind in (Looked, Blinded) for target in (query, ""))
    if not evidence.over or any(tried):
        return None
    return inconclusive(
        f"{query} was not asked in this run: its drill did not",
        reason="not_recorded",
        decide="a run with this claim in its drill, in which Prometheus answers",
        cites=cites(evidence),
    )


def faulted(evidence: Evidence) -> bool:
    """Whether the claim is about what is seen of a fault while it is on."""
    return bool(evidence.phase and evidence.faults) and not evidence.then


def held_before(evidence: Evidence, found: Sequence[Episode], from_s: float) -> list[Episode]:
    """What `held` is of them for the claim."""
    return held(evidence.journal, found, from_s, hurt=faulted(evidence))


def held(journal: Journal, found: Sequence[Episode], from_s: float, *, hurt: bool) -> list[Episode]:
    """Episodes of alerts that held already when what they should tell of began: they fired, or (where that is a fault, `hurt`) were
    pending, or may have been, for their rule had not been evaluated. They detect nothing: they would have come without it. Nor
    do those that such an alert comes back as."""
    known = [
        episode
        for episode in found
        if episode.fires_at(from_s)
        or (
            hurt
            and episode.from_s > from_s
            and (pending_before(episode, from_s) or unknown_before(journal, episode, from_s))
        )
    ]
    of = lasting(journal)
    again, there = {of(episode) for episode in known}, set(known)
    return [*known, *(e for e in found if e.from_s > from_s and of(e) in again and e not in there)]


def pending_before(episode: Episode, from_s: float) -> bool:
    """Whether it was pending before: by more than the two clocks, Prometheus' and the run's, may differ."""
    return episode.active_s < from_s - surroundings.MOST_SKEW_S


def unknown_before(journal: Journal, episode: Episode, from_s: float) -> bool:
    """Whether nobody knows how the alert stood then: it was found at the first evaluation of its rule, which came later."""
    known = evaluations.histories(journal, episode.began.seen_s)
    rules = alerting.rules(journal, episode.alert, episode.began.seen_s, episode.labels)
    begun = [evaluations.begun_s(known[evaluations.key_of(rule)], from_s) for rule in rules]
    first = [at_s for at_s in begun if at_s < math.inf]
    return bool(first) and from_s < min(first) and from_s <= episode.active_s <= max(first)


def already(evidence: Evidence, episode: Episode, from_s: float) -> str:
    """How such an alert stood at that instant, and since when."""
    if episode.from_s <= from_s:
        return f"firing already since {episode.from_s:.1f} s, before {from_s:.1f} s"
    if pending_before(episode, from_s):
        return f"pending already since {episode.active_s:.1f} s, before {from_s:.1f} s"
    return f"found at the first evaluation of its rule, at {episode.active_s:.1f} s, and nobody knows how it was before {from_s:.1f} s"


def pre_existing(evidence: Evidence, what: str, episode: Episode, from_s: float) -> Finding:
    fired = episode.from_s <= from_s
    return inconclusive(
        f"{what} was {already(evidence, episode, from_s)}, so it detected nothing",
        reason="not_evaluated" if not fired and unknown_before(evidence.journal, episode, from_s) else "pre_existing",
        decide="a steady state with `no alert firing`, and an alert that does not hold before the fault",
        cites=cites(evidence, episode.began if fired else episode.active),
    )


def evaluated(journal: Journal, rules: Sequence[RuleSeen], stretch: tuple[float, float]) -> list[RuleSeen]:
    """Those of the rules that Prometheus evaluated in (from_s, limit_s], as far as its intervals tell."""
    known = evaluations.histories(journal)
    return [rule for rule in rules if evaluations.evaluated(known[evaluations.key_of(rule)], *stretch)]


def not_evaluated(
    evidence: Evidence, said: str, rules: Sequence[RuleSeen], stretch: tuple[float, float]
) -> Finding | None:
    """That Prometheus evaluated none of these rules in (from_s, limit_s], so that no alert could change in it; None where it did
    one, or where there is none."""
    if not rules or evaluated(evidence.journal, rules, stretch):
        return None
    from_s, limit_s = stretch
    quickest = min(rules, key=lambda rule: rule.interval_s)
    every = f"every {quickest.interval_s:g} s" if quickest.interval_s else "when it has started"
    longer = f" longer than the group's interval of {spell(quickest.interval_s)}" if quickest.interval_s else ""
    which = quickest.rule if len(rules) == 1 else f"any of {len(rules)} rules"
    return inconclusive(
        f"{said}, but Prometheus did not evaluate {which} between {from_s:.1f} s and {limit_s:.1f} s (it does so {every})",
        reason="not_evaluated",
        decide=f"a window{longer}, in which the rule is evaluated",
        cites=cites(evidence, quickest),
    )


def rule_too_slow(
    evidence: Evidence, said: str, alert: str, labels: Mapping[str, str], within_s: float | None, until_s: float
) -> Finding | None:
    """That nobody can be told of a fault in time, whatever it does: the `for` of each rule of such an alert is longer than that.
    None where one is not, where there is none, and where what holds may have held before the claim's time."""
    rules = alerting.rules(evidence.journal, alert, until_s, labels)
    quickest = min(rules, key=lambda rule: rule.for_s, default=None)
    if quickest is None or within_s is None or quickest.for_s <= within_s or not faulted(evidence):
        return None
    return failed(
        f"{said}, and no fault could have made it: `for` of the rule {quickest.rule} is {spell(quickest.for_s)}",
        reason="rule_too_slow",
        cites=cites(evidence, quickest),
    )


def no_rule(journal: Journal, alert: str, labels: Mapping[str, str], until_s: float, allow: Sequence[str] = ()) -> str:
    """In words, which alerting rule Prometheus does not have, and what those of that name have instead."""
    of_name = alerting.rules(journal, alert, until_s)
    counted = [rule for rule in of_name if not any(alerting.named(rule.rule, allowed) for allowed in allow)]
    name = "" if alert == "*" else f" for {alert}"
    if of_name and not counted:
        return f"all alerting rules that Prometheus has{name} are allowed to fire"
    allowed = dict.fromkeys(rule.rule for rule in of_name if rule not in counted and alerting.may_bear(rule, labels))
    but = f" but those that may fire ({', '.join(allowed)})" if allowed else ""
    said = f"Prometheus has no alerting rule{name}"
    others = {
        label: sorted({rule.labels[label] for rule in counted if not alerting.may_bear(rule, {label: value})})
        for label, value in labels.items()
    }
    has = "; ".join(f"{label} is {', '.join(map(repr, values))} there" for label, values in others.items() if values)
    return f"{said} with {alerting.shown(labels)}{but}{f': {has}' if has else ''}" if counted else said


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
