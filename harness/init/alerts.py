"""Which alert rules of a project could see the faults of a first drill, and in what time. Pure arithmetic on the rules."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.alerting import held_s, kept_s
from harness.expectations.slow_rules import slow_rule
from harness.facts import ReceiverSeen, RuleSeen
from harness.init.blind import Sight
from harness.promql import course_of

SCRAPE_S = 15.0
"""How old a sample may be when the rule looks, where nothing is known of the scrape interval."""
NO_METRIC = "reads no metric"
LONGEST_S = 120
"""A first drill waits no longer than this for an alert."""
ANY = Sight()
"""Nothing is known of what is hurt, nor of what is asked for."""
_OWN = re.compile(
    r"(prometheus|alertmanager|node|container|cadvisor)_|up\{.*\bjob=~?\"(prometheus|alertmanager|node|cadvisor|[\w-]+exporter)\b"
    r"|scrape_(duration|samples|series|timeout|sample_limit|body)"
    r"|go_(gc|goroutines|info|memstats|sched|threads|cpu|cgo|sync|godebug)"
    r"|process_(cpu|open_fds|max_fds|virtual|resident|heap|start_time|threads|network)"
)
"""Metrics of Prometheus, of exporters and of every client library: of the monitoring itself."""
_UP = re.compile(r"up\b")
"""Whether a target can be scraped: of the service behind it, and not of its requests."""
_SLOW = re.compile(
    r"duration|latency|response_time|request_time|(?<!timestamp)(?<!start_time)_seconds(_bucket|_sum)?\b|_ms_bucket"
)
_PROXY = re.compile(
    r"(haproxy_(backend|server)|traefik_service|envoy_cluster|nginx_\w*upstream|caddy_reverse_proxy)\w*"
)
"""What a proxy says of the services behind it: of their health pages, too, which may ask a dependency."""
_COUNT = re.compile(r"\w+_count\b")
"""How many there were, whatever the metric measures of each."""
_BAD_STATUS = re.compile(r'(?<!!)(~"[^"]*5(\.|\[|x|\\d)|="5\d\d")', re.IGNORECASE)
_FAILED = re.compile(r"\berror|_error|errors|fail|exception|unavailable|success", re.IGNORECASE)


@dataclass(frozen=True)
class Watch:
    """An alert, and the seconds from the fault in which it can be expected at the latest.

    threshold_s   of a latency rule
    keeps_s       for how long its rule keeps it firing when its cause is out
    labels        those that its rule gives it, without templates
    """

    alert: str
    within_s: int
    threshold_s: float = 0.0
    keeps_s: float = 0.0
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def clears_s(self) -> int:
        """From the phase's end: the window empties, and its rule keeps it no more."""
        return math.ceil(self.within_s + 60 + self.keeps_s)


@dataclass(frozen=True)
class Picked:
    """The alert for each fault; `left` says of every other rule why it is not claimed, those first that could yet see one."""

    slow: Watch | None = None
    gone: Watch | None = None
    left: tuple[str, ...] = ()


def pick(rules: Sequence[RuleSeen], firing: Collection[str] = (), sight: Sight = ANY) -> Picked:
    """The quickest rule on latencies for the slow dependency, the quickest on errors for the one that is gone; one that names it first.

    sight   what is hurt: rules that are blind to it are left
    """
    slow: list[Watch] = []
    gone: list[Watch] = []
    left, named, likely = [], set(), set()
    for name in dict.fromkeys(rule.rule for rule in rules if rule.kind == "alerting" and rule.rule):
        rule, stands = _quickest(rules, name)
        text, back_s = stands.text, stands.back_s
        within_s = _within_s(rule, back_s)
        if sight.names(stands.selectors):
            named.add(name)
        if name not in firing and (name in named or any(map(_PROXY.match, stands.selectors))):
            likely.add(name)
        if name in firing:
            left.append(f"{name} fired though nothing was wrong, so it could not begin to")
        elif not text:
            left.append(f"{name}: its expression {stands.why}")
        elif stands.up and not sight.stops(stands.selectors):
            left.append(f"{name} tells whether its targets can be scraped, not how their requests fare")
        elif within_s > LONGEST_S or slow_rule(_without_others(rules, rule), name, within_s, 60.0):
            left.append(f"{name} takes too long to fire for a first drill")
        elif blind := sight.why_blind(stands.selectors):
            left.append(f"{name} {blind}")
        elif stands.up or (sees := _sees(text)) == "errors":
            gone.append(_watch(rule, within_s))
        elif sees == "latencies":
            slow.append(_watch(rule, within_s, _threshold(rule)))
        else:
            left.append(f"{name} reads neither errors nor latencies, so it is not known to see these faults")
    best = [min(found, key=lambda one: (one.alert not in named, one.within_s), default=None) for found in (slow, gone)]
    too = [f"{one.alert} could see it too" for one in (*slow, *gone) if one not in best]
    begins = tuple(f"{name}{end}" for name in likely for end in " :")
    left.sort(key=lambda why: not why.startswith(begins))
    return Picked(best[0], best[1], (*too, *left))


def always(rules: Sequence[RuleSeen], name: str) -> bool:
    """Whether an alert is meant to fire always, as a dead man's switch: its rules read no metric."""
    mine = [rule for rule in rules if rule.kind == "alerting" and rule.rule == name]
    return bool(mine) and all(_stands_on(rules, rule).why == NO_METRIC for rule in mine)


def paged_within_s(watch: Watch, ways: Sequence[ReceiverSeen]) -> int | None:
    """Until its page can be expected where a mailbox can see one; None where none of the ways that it goes can be observed."""
    waits = [seen.group_wait_s for seen in ways if seen.observable]
    return watch.within_s + math.ceil(max(waits)) + 10 if waits else None


def _watch(rule: RuleSeen, within_s: int, threshold_s: float = 0.0) -> Watch:
    labels = {name: value for name, value in rule.labels.items() if "{{" not in value}
    return Watch(rule.rule, within_s, threshold_s, kept_s(rule), labels)


def _sees(text: str) -> str:
    """What an expression is about: errors, latencies, or neither. A latency's selectors may leave errors out."""
    if _BAD_STATUS.search(text):
        return "errors"
    if _SLOW.search(_COUNT.sub("", text)):
        return "latencies"
    return "errors" if _FAILED.search(text) else ""


def _quickest(rules: Sequence[RuleSeen], name: str) -> tuple[RuleSeen, _Stands]:
    """Of the rules of one name (a ticket's, a page's) the one that fires first, among those that can be read; what it stands on."""
    mine = [rule for rule in rules if rule.kind == "alerting" and rule.rule == name]
    found = [(rule, _stands_on(rules, rule)) for rule in mine]
    return min(found, key=lambda one: (not one[1].text, _within_s(one[0], one[1].back_s)))


def _without_others(rules: Sequence[RuleSeen], mine: RuleSeen) -> list[RuleSeen]:
    """The rules without others of its name."""
    return [rule for rule in rules if rule is mine or rule.rule != mine.rule]


@dataclass(frozen=True)
class _Stands:
    """A rule's expressions and those below it as one text, how far back they look and what they select; or why they tell nothing of the
    services. `up`: it knows nothing but whether targets can be scraped."""

    text: str = ""
    back_s: float = 0.0
    why: str = ""
    up: bool = False
    selectors: tuple[str, ...] = ()


def _stands_on(rules: Sequence[RuleSeen], rule: RuleSeen) -> _Stands:
    try:
        stands = course_of(rules, rule)
    except ValueError:
        return _Stands(why="could not be read")
    if not stands.readings:
        return _Stands(why=NO_METRIC)
    if all(_OWN.match(reading.selector) for reading in stands.readings):
        return _Stands(why="is about the monitoring itself")
    up = all(_UP.match(reading.selector) for reading in stands.readings)
    parts = [*(one.expr for one in stands.rules), *(one.selector for one in stands.readings)]
    return _Stands(
        " ".join(parts), stands.window_s, up=up, selectors=tuple(reading.selector for reading in stands.readings)
    )


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
