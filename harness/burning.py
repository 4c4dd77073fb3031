"""How soon an alert on a share of bad requests can cross its threshold, by arithmetic on its expression alone. Pure.

Over a clean full window of W seconds, a share of bad that steps to e crosses a threshold th after W·th/e, and never if e ≤ th.
With only T0 seconds of history it is th·T0/(e−th), whichever comes first. No fault is worse than e = 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.facts import RuleSeen

COMPARED = (">", ">=")


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


def burns(rules: Sequence[RuleSeen], expr: str) -> tuple[Burn, ...]:
    """The shares that must all exceed a threshold for the expression to hold; () for what is no such expression."""
    import promql_parser

    try:
        return tuple(_burns(promql_parser.parse(expr), rules))
    except ValueError:
        return ()


def _burns(node: Any, rules: Sequence[RuleSeen]) -> Iterator[Burn]:
    node = _bare(node)
    if type(node).__name__ != "BinaryExpr":
        return
    operator = str(node.op)
    if operator == "and":
        yield from _burns(node.lhs, rules)
        yield from _burns(node.rhs, rules)
    elif operator in COMPARED:
        threshold, window_s = _number(node.rhs), _share_s(node.lhs, rules)
        if threshold is not None and window_s is not None and threshold > 0:
            yield Burn(window_s, threshold)


def _share_s(node: Any, rules: Sequence[RuleSeen], depth: int = 5) -> float | None:
    """The window of a share: a rate over another of the same window, 1 less that, or a rule that records one. None otherwise."""
    import promql_parser

    node = _bare(node)
    kind = type(node).__name__
    if kind == "VectorSelector" and depth:
        made = [rule.expr for rule in rules if rule.kind == "recording" and rule.rule == node.name]
        return _share_s(promql_parser.parse(made[0]), rules, depth - 1) if len(made) == 1 else None
    if kind != "BinaryExpr":
        return None
    if str(node.op) == "-" and _number(node.lhs) == 1.0:
        return _share_s(node.rhs, rules, depth)
    if str(node.op) == "/":
        above, below = _rate_s(node.lhs, rules), _rate_s(node.rhs, rules)
        return above if above is not None and above == below else None
    return None


def _rate_s(node: Any, rules: Sequence[RuleSeen], depth: int = 5) -> float | None:
    """The window of a rate or an increase, summed or not, also where it is only asked to be above something. None otherwise."""
    import promql_parser

    node = _bare(node)
    kind = type(node).__name__
    if kind == "AggregateExpr":
        return _rate_s(node.expr, rules, depth) if str(node.op).strip() == "sum" else None
    if kind == "Call" and node.func.name in ("rate", "increase"):
        argument = node.args[0]
        return float(argument.range.total_seconds()) if type(argument).__name__ == "MatrixSelector" else None
    if kind == "BinaryExpr" and str(node.op) in (">", ">=", "!="):
        return _rate_s(node.lhs, rules, depth)
    if kind == "VectorSelector" and depth:
        made = [rule.expr for rule in rules if rule.kind == "recording" and rule.rule == node.name]
        return _rate_s(promql_parser.parse(made[0]), rules, depth - 1) if len(made) == 1 else None
    return None


def _bare(node: Any) -> Any:
    while type(node).__name__ == "ParenExpr":
        node = node.expr
    return node


def _number(node: Any) -> float | None:
    """A number, or a sum on numbers: 14.4 * 0.001."""
    node = _bare(node)
    kind = type(node).__name__
    if kind == "NumberLiteral":
        return float(node.val)
    if kind == "BinaryExpr" and str(node.op) in "+-*/":
        left, right = _number(node.lhs), _number(node.rhs)
        if left is None or right is None or (str(node.op) == "/" and right == 0):
            return None
        return {"+": left + right, "-": left - right, "*": left * right, "/": left / (right or 1.0)}[str(node.op)]
    return None
