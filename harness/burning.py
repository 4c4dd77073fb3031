"""How soon an alert on a share of bad requests can cross its threshold, by arithmetic on its expression alone. Pure.

Over a clean full window of W seconds, a share of bad that steps to e crosses a threshold th after W·th/e, and never if e ≤ th.
With only T0 seconds of history it is th·T0/(e−th), whichever comes first. No fault is worse than e = 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.facts import RuleSeen
from harness.promql import metric_of, parsed

COMPARED = (">", ">=")
DEPTH = 5
"""So many recording rules may stand on each other."""
NAME = "__name__"
Asked = tuple[str, str, str]
"""A label, how it is compared, and with what."""
_FAILURES = re.compile(
    r"(?:^|_)(?:err|errors?|fail|failed|failures?|exceptions?|5xx|rejected|timeouts?|dropped)(?:_|$)"
)
_AMOUNT = re.compile(r"_(?:sum|seconds|bytes)(?:_|$)")


@dataclass(frozen=True)
class Burn:
    """A share of bad over window_s that must exceed threshold."""

    window_s: float
    threshold: float

    def crosses_s(self, bad: float, history_s: float = math.inf) -> float:
        """How long after the step, with so much clean history behind it; infinite when never."""
        if bad <= self.threshold:
            return math.inf
        return min(self.window_s * self.threshold / bad, self.threshold * history_s / (bad - self.threshold))


@dataclass(frozen=True)
class Rate:
    """A rate or an increase over window_s of what is asked of labels, the metric's name among them."""

    function: str
    window_s: float
    asked: frozenset[Asked]

    def part_of(self, other: Rate) -> bool:
        """Whether it counts some of what the other counts, and nothing else."""
        return all(matcher in self.asked or any(_lets(matcher, one) for one in self.asked) for matcher in other.asked)

    @property
    def fails(self) -> bool:
        """Whether by its name it counts failures: of requests, whatever those are counted by."""
        names = [value for label, op, value in self.asked if (label, op) == (NAME, "Equal")]
        return any(_FAILURES.search(name) and not _AMOUNT.search(name) for name in names)


def burns(rules: Sequence[RuleSeen], expr: str) -> tuple[Burn, ...]:
    """The shares that must all exceed a threshold for the expression to hold; () for what is no such expression."""
    import promql_parser

    try:
        return tuple(_burns(promql_parser.parse(expr), rules))
    except (ValueError, re.error):
        return ()


def _burns(node: Any, rules: Sequence[RuleSeen]) -> Iterator[Burn]:
    node = bare(node)
    if type(node).__name__ != "BinaryExpr":
        return
    operator = str(node.op)
    if operator == "and":
        yield from _burns(node.lhs, rules)
        yield from _burns(node.rhs, rules)
    elif operator in COMPARED:
        threshold = number(node.rhs)
        if threshold is None or threshold <= 0 or (threshold == 1 and operator == ">="):
            return  # 1 is what a share comes to when nothing else is left in its window
        window_s = _share_s(node.lhs, rules, threshold)
        if window_s is not None:
            yield Burn(window_s, threshold)


def _share_s(node: Any, rules: Sequence[RuleSeen], threshold: float) -> float | None:
    """The window of a share: a part of a rate over the whole, failures over anything where the threshold is that of a share, 1 less
    any ratio. None otherwise: a mean, today's traffic over yesterday's, and retries over requests know no 1."""
    node = made_of(node, rules)
    if type(node).__name__ != "BinaryExpr":
        return None
    less = str(node.op) == "-" and number(node.lhs) == 1.0
    pair = _ratio(made_of(node.rhs, rules) if less else node, rules)
    if pair is None:
        return None
    above, below = pair
    share = less or above.part_of(below) or (threshold < 1 and above.fails)
    return above.window_s if share else None


def _ratio(node: Any, rules: Sequence[RuleSeen]) -> tuple[Rate, Rate] | None:
    """One rate over another of the same window. None otherwise, and where several may stand over each one of the whole."""
    if type(node).__name__ != "BinaryExpr" or str(node.op) != "/":
        return None
    if node.modifier and str(node.modifier.card).endswith("OneToMany"):
        return None
    above, below = rate_of(node.lhs, rules), rate_of(node.rhs, rules)
    if above is None or below is None or (above.function, above.window_s) != (below.function, below.window_s):
        return None
    return above, below


def rate_of(node: Any, rules: Sequence[RuleSeen], depth: int = DEPTH) -> Rate | None:
    """A rate or an increase until now, summed or not, also where it is only asked to be above something. None otherwise."""
    node = bare(node)
    kind = type(node).__name__
    if kind == "AggregateExpr":
        return rate_of(node.expr, rules, depth) if str(node.op).strip() == "sum" else None
    if kind == "Call" and node.func.name in ("rate", "increase"):
        read = node.args[0]
        if type(read).__name__ != "MatrixSelector" or not _now(read.vector_selector):
            return None
        return Rate(node.func.name, float(read.range.total_seconds()), asked_of(read.vector_selector))
    if kind == "BinaryExpr" and str(node.op) in (">", ">=", "!="):
        return rate_of(node.lhs, rules, depth)
    if kind == "VectorSelector" and depth and (rule := _recording(node, rules)) is not None:
        made = rate_of(rule, rules, depth - 1)
        here = {one for one in asked_of(node) if one[0] != NAME}
        return replace(made, asked=made.asked | here) if made else None
    return None


def made_of(node: Any, rules: Sequence[RuleSeen]) -> Any:
    """The expression, or that of the rule which records it."""
    node = bare(node)
    for _ in range(DEPTH):
        rule = _recording(node, rules) if type(node).__name__ == "VectorSelector" else None
        if rule is None:
            break
        node = bare(rule)
    return node


def _recording(node: Any, rules: Sequence[RuleSeen]) -> Any:
    """The expression of the one rule that records what a selector reads now; None where there is none, or several."""
    made = [rule.expr for rule in rules if rule.kind == "recording" and rule.rule == metric_of(node)]
    return parsed(made[0]) if len(made) == 1 and _now(node) else None


def _now(selector: Any) -> bool:
    """Whether it reads what is, all of it under the same labels."""
    return not (selector.offset or selector.at or selector.matchers.or_matchers)


def asked_of(selector: Any) -> frozenset[Asked]:
    found = {(one.name, str(one.op).rpartition(".")[2], one.value) for one in selector.matchers.matchers}
    return frozenset(found | {(NAME, "Equal", selector.name)} if selector.name else found)


def _lets(matcher: Asked, one: Asked) -> bool:
    """Whether whatever bears the label that `one` asks for is let through by the matcher."""
    (label, op, value), (name, how, exactly) = matcher, one
    if label != name or how != "Equal":
        return False
    fits = re.fullmatch(value, exactly) is not None if op in ("Re", "NotRe") else value == exactly
    return fits == (op in ("Equal", "Re"))


def bare(node: Any) -> Any:
    while type(node).__name__ == "ParenExpr":
        node = node.expr
    return node


def number(node: Any) -> float | None:
    """A number, or a sum on numbers: 14.4 * 0.001."""
    node = bare(node)
    kind = type(node).__name__
    if kind == "NumberLiteral":
        return float(node.val)
    if kind == "BinaryExpr" and str(node.op) in "+-*/":
        left, right = number(node.lhs), number(node.rhs)
        if left is None or right is None or (str(node.op) == "/" and right == 0):
            return None
        return {"+": left + right, "-": left - right, "*": left * right, "/": left / (right or 1.0)}[str(node.op)]
    return None
