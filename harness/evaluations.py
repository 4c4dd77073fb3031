"""When Prometheus evaluated a rule, from what a journal tells of it: each group has a grid of its own, from its first evaluation on.

A rule is written down at its first sight and when it changed, with its last evaluation of then: a point of its grid. A
Prometheus that has just started, or starts again, evaluates a group for the first time up to one interval later: until then no
alert of it can fire or clear. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.facts import RuleSeen
from harness.journal import Journal

Key = tuple[str, str, str, frozenset[tuple[str, str]]]
"""A rule's group, name, expression and labels: what makes it the same one again."""


def key_of(rule: RuleSeen) -> Key:
    return rule.group, rule.rule, rule.expr, frozenset(rule.labels.items())


def histories(journal: Journal, until_s: float = math.inf) -> dict[Key, list[RuleSeen]]:
    """Each rule as it was first seen, and at each of its changes, in their order."""
    found: dict[Key, list[RuleSeen]] = {}
    for seen in journal.of(RuleSeen, until_s=until_s):
        found.setdefault(key_of(seen), []).append(seen)
    return found


def begun_s(history: Sequence[RuleSeen], at_s: float = math.inf) -> float:
    """Since when the rule is evaluated: infinite while it is not, -infinite where it was at its first sight, or nobody can tell.

    `at_s` asks for that instant: a Prometheus that starts again later, or loads its rules anew, leaves what it knew then.
    """
    since_s = -math.inf
    for seen in history:
        if seen.unevaluated:
            if seen.at_s > at_s and since_s < math.inf:
                break
            since_s = math.inf
        elif since_s == math.inf:
            since_s = seen.at_s if seen.evaluated_s is None else seen.evaluated_s
    return since_s


def failing(history: Sequence[RuleSeen]) -> list[tuple[RuleSeen, float, float]]:
    """The stretches from the first evaluation that failed to the first that did not, infinite while there is none; each with the
    rule as it was first seen to fail."""
    found: list[tuple[RuleSeen, float, float]] = []
    began: RuleSeen | None = None
    for seen in history:
        if seen.health == "err" and not seen.gone:
            began = began or seen
        elif began is not None:
            found.append((began, _evaluated_s(began), _evaluated_s(seen)))
            began = None
    return found if began is None else [*found, (began, _evaluated_s(began), math.inf)]


def _evaluated_s(seen: RuleSeen) -> float:
    return seen.at_s if seen.evaluated_s is None or seen.gone else seen.evaluated_s


def evaluated(history: Sequence[RuleSeen], from_s: float, until_s: float) -> bool:
    """Whether an evaluation of the rule lies in (from_s, until_s]; true as well where its grid is not told."""
    for number, seen in enumerate(history):
        end_s = history[number + 1].at_s if number + 1 < len(history) else math.inf
        last_s = min(until_s, end_s)
        if seen.gone or seen.unevaluated or end_s <= from_s:
            continue
        if seen.evaluated_s is None or seen.interval_s <= 0:
            if number == 0 or seen.at_s <= until_s:
                return True
            continue
        count = math.floor(round((last_s - seen.evaluated_s) / seen.interval_s, 6))  # intervals since that evaluation
        if (number == 0 or count >= 0) and seen.evaluated_s + count * seen.interval_s > from_s:
            return True
    return False
