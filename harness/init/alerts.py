"""Which alert rules of a project could see the faults of a first drill, and in what time. Pure arithmetic on the rules."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.alerting import held_s
from harness.expectations.slow_rules import slow_rule
from harness.facts import ReceiverSeen, RuleSeen
from harness.promql import course_of

SCRAPE_S = 15.0
"""How old a sample may be when the rule looks, where nothing is known of the scrape interval."""
LONGEST_S = 120
"""A first drill waits no longer than this for an alert."""
_OWN = re.compile(r"(prometheus|alertmanager|scrape|go|process|node|container|cadvisor|up\b)_?")
_SLOW = re.compile(r"duration|latency|response_time|request_time|_seconds(_bucket|_sum)?\b|_ms_bucket")
_FAILED = re.compile(
    r'~"[^"]*5(\.|\[|x|\\d)|="5\d\d"|\berror|_error|errors|fail|exception|unavailable|success', re.IGNORECASE
)


@dataclass(frozen=True)
class Watch:
    """An alert, and the seconds from the fault in which it can be expected at the latest; `threshold_s` of a latency rule."""

    alert: str
    within_s: int
    threshold_s: float = 0.0


@dataclass(frozen=True)
class Picked:
    """The alert for each fault; `left` says of every other rule why it is not claimed."""

    slow: Watch | None = None
    gone: Watch | None = None
    left: tuple[str, ...] = ()


def pick(rules: Sequence[RuleSeen], firing: Collection[str] = ()) -> Picked:
    """The quickest rule on latencies for the slow dependency, the quickest on errors for the one that is gone."""
    slow: list[Watch] = []
    gone: list[Watch] = []
    left = []
    for name in dict.fromkeys(rule.rule for rule in rules if rule.kind == "alerting" and rule.rule):
        rule, text, back_s = _quickest(rules, name)
        within_s = _within_s(rule, back_s)
        if name in firing:
            left.append(f"{name} fired though nothing was wrong, so it could not begin to")
        elif not text:
            left.append(f"{name}: its expression could not be read, or is about the monitoring itself")
        elif within_s > LONGEST_S or slow_rule(_without_others(rules, rule), name, within_s, 60.0):
            left.append(f"{name} takes too long to fire for a first drill")
        elif _FAILED.search(text):
            gone.append(Watch(name, within_s))
        elif _SLOW.search(text):
            slow.append(Watch(name, within_s, _threshold(rule)))
        else:
            left.append(f"{name} reads neither errors nor latencies, so it is not known to see these faults")
    best = [min(found, key=lambda watch: watch.within_s, default=None) for found in (slow, gone)]
    left += [f"{one.alert} could see it too" for one in (*slow, *gone) if one not in best]
    return Picked(best[0], best[1], tuple(left))


def paged_within_s(watch: Watch, receivers: Sequence[ReceiverSeen]) -> int | None:
    """Until its page can be expected where a mailbox can see one; None where no receiver can be observed."""
    waits = [seen.group_wait_s for seen in receivers if seen.observable]
    return watch.within_s + math.ceil(max(waits)) + 10 if waits else None


def _quickest(rules: Sequence[RuleSeen], name: str) -> tuple[RuleSeen, str, float]:
    """Of the rules of one name (a ticket's, a page's) the one that fires first, among those that can be read; what it stands on."""
    mine = [rule for rule in rules if rule.kind == "alerting" and rule.rule == name]
    found = [(rule, *_stands_on(rules, rule)) for rule in mine]
    return min(found, key=lambda one: (not one[1], _within_s(one[0], one[2])))


def _without_others(rules: Sequence[RuleSeen], mine: RuleSeen) -> list[RuleSeen]:
    """The rules without others of its name."""
    return [rule for rule in rules if rule is mine or rule.rule != mine.rule]


def _stands_on(rules: Sequence[RuleSeen], rule: RuleSeen) -> tuple[str, float]:
    """Its expressions and those below it as one text, '' when it reads only the monitoring's own metrics; how far back it looks."""
    try:
        stands = course_of(rules, rule)
    except ValueError:
        return "", 0.0
    if not stands.readings or all(_OWN.match(reading.selector) for reading in stands.readings):
        return "", 0.0
    return " ".join(
        [*(rule.expr for rule in stands.rules), *(one.selector for one in stands.readings)]
    ), stands.window_s


def _within_s(rule: RuleSeen, back_s: float) -> int:
    """Two scrapes, the window (a fresh Prometheus fills it from nothing, so half of it tells), `for`, one evaluation more."""
    return math.ceil((2 * SCRAPE_S + back_s / 2 + held_s(rule) + 2 * rule.interval_s) / 5) * 5


def _threshold(rule: RuleSeen) -> float:
    """The seconds above which a latency rule fires; 0 where it is no plain comparison with such a number."""
    import promql_parser

    try:
        parsed = promql_parser.parse(rule.expr)
    except ValueError:
        return 0.0
    return next((value for value in _compared(parsed) if 0.01 <= value <= 5), 0.0)


def _compared(node: Any) -> Iterator[float]:
    if type(node).__name__ == "ParenExpr":
        yield from _compared(node.expr)
    elif type(node).__name__ == "BinaryExpr":
        if str(node.op) in (">", ">=") and type(node.rhs).__name__ == "NumberLiteral":
            yield float(node.rhs.val)
        yield from _compared(node.lhs)
        yield from _compared(node.rhs)
