"""Of alerts that fired: of whose series what their rules read has to be asked, and what was answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness import alerting
from harness.expectations.outcome_labels import OUTCOME
from harness.expectations.selected import TARGET, plain
from harness.facts import SeriesSeen
from harness.journal import Journal
from harness.promql import course_of
from harness.world.metrics import Answer

Labels = Mapping[str, str]
_NAME = re.compile(r"[a-zA-Z_]\w*", re.ASCII)


@dataclass(frozen=True)
class Wanted:
    """A selector, and the labels of the alerts that fired by it, as far as their series may bear them."""

    selector: str
    alerts: tuple[Labels, ...]

    def seen(self, ask: Callable[[str], Answer], step_s: float) -> Iterator[SeriesSeen]:
        """One for each target and, as far as the series have them, each set of the alerts' labels."""
        names = dict.fromkeys((*TARGET, *(name for labels in self.alerts for name in labels)))
        for one in ask(f"count by ({', '.join(names)}) ({self.selector})").series:
            labels = {name: value for name, value in one.labels.items() if value}
            if any(alerting.agree(labels, alert) for alert in self.alerts):
                times = [at_s for at_s, _ in one.points]
                yield SeriesSeen(selector=self.selector, labels=labels, step_s=step_s, spans=stretches(times, step_s))


def stretches(times: Sequence[float], step_s: float) -> tuple[tuple[float, float], ...]:
    """The stretches in which there was something, of times that are step_s apart where nothing was missing."""
    ends = [number for number, (a, b) in enumerate(pairwise(times), 1) if b - a > 1.5 * step_s]
    return tuple((times[a], times[b - 1]) for a, b in pairwise((0, *ends, len(times)))) if times else ()


def wanted(journal: Journal, alerts: Sequence[str]) -> list[Wanted]:
    """What the rules of such alerts read, where one fired; and the same but for labels that tell an outcome: where that is there and
    this is not, all went well. What no parser of ours can read is left out."""
    rules, found = alerting.loaded(journal), dict[str, list[Labels]]()
    for rule in rules:
        fired = [e for e in alerting.episodes(journal, rule.rule) if alerting.makes(rule, e)]
        if not fired or not any(alerting.named(rule.rule, alert) for alert in alerts):
            continue
        bear = [{n: v for n, v in alerting.born(rule, e).items() if _NAME.fullmatch(n)} for e in fired]
        try:
            selectors = [reading.selector for reading in course_of(rules, rule).readings]
            others = [other for selector in selectors if (other := plain(selector))]
        except ValueError:
            continue
        for selector in selectors:
            found.setdefault(selector, []).extend(bear)
        for other in others:
            told = [{n: v for n, v in labels.items() if not OUTCOME.search(n)} for labels in bear]
            found.setdefault(other, []).extend(told)
    return [Wanted(selector, tuple(labels)) for selector, labels in found.items()]
