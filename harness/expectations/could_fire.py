"""Whether an alert that fires no more could: its rule is loaded and evaluated, and has what it reads. Pure.

An alert is clear as well where its series ended (its service is gone) or its rule was taken away. What tells that from healing:
a series that appears only with trouble, and is gone while its target is scraped, says that the trouble is over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness import alerting, evaluations
from harness.alerting import Episode
from harness.expectations import selected
from harness.expectations.selected import TARGET
from harness.facts import Fact, RuleSeen, SelectorSeen, SeriesSeen, TargetSeen
from harness.journal import Journal
from harness.promql import wanting


@dataclass(frozen=True)
class Mute:
    """Why it could not; back_s: from when it can again (infinite where it cannot, or nobody knows)."""

    reason: str
    said: str
    decide: str = "a rule that stays loaded, and is evaluated, until its alert is clear"
    facts: tuple[Fact, ...] = ()
    back_s: float = math.inf


def mute(journal: Journal, episode: Episode, calm_s: float, start_s: float, end_s: float) -> Mute | None:
    """Why such an alert, which had ended by start_s, could not have fired in [start_s, end_s]; None where it could, or nobody asked
    for what its rule reads. calm_s: an instant before its trouble."""
    known = evaluations.histories(journal, end_s + alerting.LAG_S).values()
    mine = [history for history in known if alerting.makes(history[-1], episode)]
    since = [seen for history in mine for seen in history if seen.at_s >= episode.from_s]
    loaded = [history[-1] for history in mine if not history[-1].gone]
    if gone := [seen for seen in since if seen.gone]:
        return Mute("rule_missing", f"its rule was taken away at {gone[0].at_s:.1f} s", facts=(gone[0],))
    if not loaded:
        return Mute("rule_missing", f"Prometheus has no alerting rule for {episode.alert}")
    anew = [_begun_anew(history) for history in mine if evaluations.begun_s(history) >= episode.until_s]
    if idle := [one for one in anew if one.back_s > start_s]:
        return idle[0]
    if broken := [seen for seen in (*loaded, *since) if seen.health == "err" and _counts(seen, loaded, episode)]:
        return Mute("rule_broken", f"Prometheus could not evaluate its rule: {broken[0].error}", facts=(broken[0],))
    found = [one for rule in loaded if (one := _Reads(journal, rule, episode, calm_s).mute(start_s, end_s))]
    return max(found, key=lambda one: one.back_s) if len(found) == len(loaded) else None


def _counts(seen: RuleSeen, loaded: Sequence[RuleSeen], episode: Episode) -> bool:
    """Whether it is broken still, or was when its alert had cleared: what was mended before that made it clear all the same."""
    return seen in loaded or seen.at_s > episode.until_s


def _begun_anew(history: Sequence[RuleSeen]) -> Mute:
    """Prometheus started again, which ends an alert: it fires again only when it has held for the rule's `for`."""
    rule, begun_s = history[-1], evaluations.begun_s(history)
    again = f", and evaluates its rule from {begun_s:.1f} s on" if begun_s < math.inf else ""
    return Mute("not_evaluated", f"Prometheus began anew{again}", facts=(rule,), back_s=begun_s + alerting.held_s(rule))


@dataclass(frozen=True)
class _Reads:
    """What one rule reads, for one alert of it."""

    journal: Journal
    rule: RuleSeen
    episode: Episode
    calm_s: float

    def mute(self, start_s: float, end_s: float) -> Mute | None:
        if not self._asked or any(one.why for one in self._asked):
            return self._lost(end_s)
        times = self._instants(start_s, end_s)
        missing = [self._missing(at_s) for at_s in times]
        last = max((number for number, one in enumerate(missing) if one is not None), default=-1)
        one = missing[last]
        if one is None:
            return None
        back_s = times[last + 1] if last + 1 < len(times) else math.inf
        given_s = [until_s for part in self._given(one) for _, until_s in part.spans if until_s < times[last]]
        since = f" after {max(given_s):.1f} s" if given_s else ""
        until = f" until {back_s:.1f} s" if back_s < math.inf else ""
        return Mute(
            "no_series",
            f"its rule reads {one.selector}, which gave no sample of it{since}{until}",
            "a service that is back, with counters that begin at 0, before the alert is clear",
            (one,),
            back_s,
        )

    def _lost(self, end_s: float) -> Mute | None:
        """Where nobody asked what it reads, or could (a run that was ended early, a Prometheus that was gone at its end): it may be what
        a target gave that went away."""
        targets: dict[tuple[str, str], TargetSeen] = {}
        were_up: set[tuple[str, str]] = set()
        for seen in self.journal.of(TargetSeen, until_s=end_s + alerting.LAG_S):
            targets[seen.job, seen.instance] = seen
            if seen.at_s <= self.calm_s:
                (were_up.add if seen.health == "up" else were_up.discard)((seen.job, seen.instance))
        gone = next((seen for key, seen in targets.items() if key in were_up and seen.health != "up"), None)
        if gone is None:
            return None
        return Mute(
            "no_series",
            f"{gone.job}'s target {gone.instance} is {gone.health} since {gone.at_s:.1f} s, and what its rule reads was not asked",
            "a service that is back before the alert is clear",
            (gone,),
        )

    @cached_property
    def _seen(self) -> dict[str, SelectorSeen]:
        return {one.selector: one for one in self.journal.of(SelectorSeen)}

    @cached_property
    def _rules(self) -> tuple[RuleSeen, ...]:
        return alerting.loaded(self.journal)

    @cached_property
    def _asked(self) -> tuple[SelectorSeen | SeriesSeen, ...]:
        """All that is known of what it reads."""
        read: dict[str, None] = {}

        def note(selector: str) -> bool:
            read[selector] = None
            return True

        self._wanting(note)
        mine = [self._seen[selector] for selector in read if selector in self._seen]
        return (*mine, *(part for one in mine for part in self.journal.of(SeriesSeen, selector=one.selector)))

    def _wanting(self, has: Callable[[str], bool]) -> tuple[str, ...]:
        try:
            return wanting(self._rules, self.rule, has)
        except ValueError:  # an expression that no parser of ours can read
            return ()

    def _instants(self, start_s: float, end_s: float) -> list[float]:
        """When anything of it may have changed."""
        given: list[SelectorSeen | SeriesSeen] = [*self._seen.values(), *self.journal.of(SeriesSeen)]
        spans = [span for one in given for span in one.spans]
        edges = {edge_s for from_s, until_s in spans for edge_s in (from_s, math.nextafter(until_s, math.inf))}
        edges |= {target.at_s for target in self.journal.of(TargetSeen)}
        return sorted({start_s, end_s, *(edge_s for edge_s in edges if start_s < edge_s < end_s)})

    def _missing(self, at_s: float) -> SelectorSeen | None:
        """What it had not then, so that it gave nothing."""
        found = self._wanting(lambda selector: selector not in self._seen or self._has(self._seen[selector], at_s))
        return self._seen[found[0]] if found else None

    def _has(self, one: SelectorSeen, at_s: float) -> bool:
        """Whether it gave a sample then, or that it gave none says that all was well."""
        mine = self._given(one)
        if any(_there(part, at_s) for part in mine) or one.metric.startswith("ALERTS"):
            return True
        if not one.spans:
            return selected.may_come(self.journal, one, at_s)
        other = selected.plain(one.selector)
        beside = self._parts(other) if other else []
        if any(_there(part, at_s) for part in beside):
            return True
        parts = self._parts(one.selector)
        only_then = not any(_there(part, self.calm_s) for part in (*parts, *beside))
        return bool(parts) and only_then and all(self._scraped(part, at_s) for part in parts)

    def _given(self, one: SelectorSeen) -> Sequence[SelectorSeen | SeriesSeen]:
        """Its series that are this alert's; all of them where these are not known."""
        return self._parts(one.selector) or [one]

    def _parts(self, selector: str) -> list[SeriesSeen]:
        born = alerting.born(self.rule, self.episode)
        return [part for part in self.journal.of(SeriesSeen, selector=selector) if alerting.agree(born, part.labels)]

    def _scraped(self, part: SeriesSeen, at_s: float) -> bool:
        """Whether the target that gave it was up then, and stayed so at its next scrape."""
        job, instance = (part.labels.get(name, "") for name in TARGET)
        seen = self.journal.of(TargetSeen, job=job, instance=instance)
        until_s = at_s + max((target.interval_s for target in seen), default=0.0) + alerting.LAG_S
        before = [target for target in seen if target.at_s <= at_s][-1:]
        return bool(before) and all(
            target.health == "up" for target in (*before, *(t for t in seen if at_s < t.at_s <= until_s))
        )


def _there(one: SelectorSeen | SeriesSeen, at_s: float) -> bool:
    """Whether it gave samples then. It is known at whole steps alone: of what was there at the last of them it is not known that it went."""
    return any(
        from_s <= at_s and (at_s <= until_s or one.seen_s <= until_s + 2 * one.step_s) for from_s, until_s in one.spans
    )
