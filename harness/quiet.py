"""Since when no alert fires, and what is in the way of that: the steady state's condition `no alert firing`. Pure."""

from __future__ import annotations

import math
from itertools import pairwise

from harness.alerting import GAP_S, PROBE, Quiet, episodes, named
from harness.evaluations import begun_s, histories
from harness.facts import Blinded, Looked, RuleSeen
from harness.journal import Journal
from harness.made_elsewhere import Elsewhere, made_elsewhere


def quiet_since(journal: Journal, quiet: Quiet, now_s: float) -> float:
    """Since when no alert fires, every rule is evaluated and somebody looked all the time; now_s where that is not so now."""
    looks = sorted(look.seen_s for look in journal.of(Looked, probe=PROBE))
    if not looks or now_s - looks[-1] > GAP_S:
        return now_s
    since_s = looks[0]
    for before, after in pairwise(looks):
        if after - before > GAP_S:
            since_s = after
    blind = [blinded.seen_s for blinded in journal.of(Blinded, probe=PROBE)]
    firing = [
        min(episode.until_s, now_s)
        for episode in episodes(journal)
        if not any(named(episode.alert, allowed) for allowed in quiet.allow)
    ]
    others = [one.until_s for one in _elsewhere(journal, quiet)]
    begun = [begun_s(history) for history in _means(journal, quiet)]
    return min(now_s, max([since_s, *blind, *firing, *others, *begun]))


def looked_lately(journal: Journal, now_s: float) -> bool:
    """Whether the last look is fresh enough to tell of now."""
    look = journal.last(Looked, probe=PROBE)
    return look is not None and now_s - look.seen_s <= GAP_S


def waiting(journal: Journal, quiet: Quiet) -> tuple[RuleSeen, ...]:
    """The alerting rules that Prometheus has loaded and not yet evaluated, without those allowed: none of them can fire so far."""
    return tuple(history[-1] for history in _means(journal, quiet) if history[-1].unevaluated)


def firing(journal: Journal, quiet: Quiet) -> tuple[str, ...]:
    """Names of the alerts that fire as far as is known, without those allowed."""
    names = [episode.alert for episode in episodes(journal) if math.isinf(episode.until_s)]
    names += [one.alert for one in _elsewhere(journal, quiet) if one.until_s >= journal.end_s - GAP_S]
    return tuple(dict.fromkeys(n for n in names if not any(named(n, allowed) for allowed in quiet.allow)))


def _means(journal: Journal, quiet: Quiet) -> list[list[RuleSeen]]:
    """The histories of the alerting rules that are loaded and may not fire."""
    return [
        history
        for history in histories(journal).values()
        if history[-1].kind == "alerting"
        and not history[-1].gone
        and not any(named(history[-1].rule, allowed) for allowed in quiet.allow)
    ]


def _elsewhere(journal: Journal, quiet: Quiet) -> list[Elsewhere]:
    """What others than Prometheus surely made and Alertmanager held, or had sent, without those allowed."""
    return [
        one
        for one in made_elsewhere(journal)
        if not one.perhaps and not any(named(one.alert, allowed) for allowed in quiet.allow)
    ]
