"""What a rule can never reach: a number beyond all that its expression gives, and what is put together so that nothing is left. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.burning import bare, number
from harness.extents import GROWTH, TURNED, Extents
from harness.facts import RuleSeen
from harness.matching import never_match
from harness.promql import OF_NOTHING, nodes, parsed, selector_of
from harness.quantities import figures
from harness.wholes import COMPARED, most_of_whole

INNER = {"AggregateExpr": "expr", "SubqueryExpr": "expr", "UnaryExpr": "expr", "MatrixSelector": "vector_selector"}


def impossible(rules: Sequence[RuleSeen], rule: RuleSeen, last_le: Callable[[str], float | None]) -> str:
    """Why a rule can never hold, among all rules, said of it ("asks for …"); '' where it may. `last_le`: the greatest finite bound of a
    selector's buckets, None where that is not known. Raises ValueError for an expression that cannot be read."""
    return _Reach(Extents(rules, last_le)).nothing(parsed(rule.expr))


@dataclass(frozen=True)
class _Reach:
    extents: Extents

    def nothing(self, node: Any) -> str:
        """Why an expression gives nothing, whatever the service does; ''."""
        node = bare(node)
        kind = type(node).__name__
        if kind == "VectorSelector":
            return self._of_recorded(node)
        if kind == "Call":
            return self._of_call(node)
        if kind == "BinaryExpr":
            return self._of_two(node, str(node.op))
        inner = INNER.get(kind)
        return self.nothing(getattr(node, inner)) if inner else ""

    def _of_recorded(self, selector: Any) -> str:
        whys = [_Reach(inner).nothing(expr) for inner, expr in self.extents.recorded(selector)]
        return whys[0] if whys and all(whys) else ""

    def _of_call(self, node: Any) -> str:
        function = node.func.name
        if function in OF_NOTHING or function == "scalar":
            return ""
        if function == "histogram_quantile" and (lost := self._without_le(node.args[1])):
            return f"asks for a histogram_quantile of what has no `le`: {lost} leaves none of it"
        return next((why for arg in node.args if (why := self.nothing(arg))), "")

    def _without_le(self, node: Any) -> str:
        """The aggregation that takes the buckets' `le` away; ''."""
        node = bare(node)
        kind = type(node).__name__
        if kind == "VectorSelector":
            lost = [_Reach(inner)._without_le(expr) for inner, expr in self.extents.recorded(node)]
            return lost[0] if lost and all(lost) else ""
        if kind == "Call":
            return self._without_le(node.args[0]) if node.func.name in (*GROWTH, "delta") else ""
        if kind in ("SubqueryExpr", "MatrixSelector"):
            return self._without_le(getattr(node, INNER[kind]))
        return self._taken_by(node) if kind == "AggregateExpr" and self._of_buckets(node) else ""

    def _taken_by(self, node: Any) -> str:
        by, aggregation = node.modifier, str(node.op).strip()
        keeps = by is not None and ("le" in by.labels) == str(by.type).endswith("By")
        if keeps or aggregation in ("topk", "bottomk", "limitk", "limit_ratio"):
            return self._without_le(node.expr)
        if aggregation == "count_values":  # it makes a label
            return ""
        return f"{aggregation}{f' {by}' if by is not None else ''}"

    def _of_buckets(self, node: Any) -> bool:
        """Whether all that it reads are buckets of a classic histogram: a native one needs no `le`."""
        read = [part for part in nodes(node) if type(part).__name__ == "VectorSelector"]
        for one in read:
            made = list(self.extents.recorded(one))
            if not (
                all(_Reach(inner)._of_buckets(expr) for inner, expr in made)
                if made
                else self.extents.last_le(selector_of(one)) is not None
            ):
                return False
        return bool(read)

    def _of_two(self, node: Any, operator: str) -> str:
        left = self.nothing(node.lhs)
        if operator == "unless":
            return left
        right = self.nothing(node.rhs)
        if operator == "or":
            return left if left and right else ""
        here = _apart(node) if operator == "and" else self._compared(node, operator) if operator in COMPARED else ""
        apart = never_match(node)
        return here or left or right or (f"asks for two sides that never match: {apart}" if apart else "")

    def _compared(self, node: Any, operator: str) -> str:
        if node.modifier and node.modifier.return_bool:
            return ""
        if operator in TURNED and self._beyond_whole(node, operator):
            return "asks for a part of a whole to be more than that"
        found = _asked(node)
        if found is None:
            return ""
        value, operator, limit = found
        extent = self.extents.of(value)
        least, most = extent.low, extent.high
        asked = f"asks for {operator} {figures(limit, 6)}, and"
        if operator in (">", ">=", "==") and _passed(most.value, limit, operator == ">"):
            return f"{asked} {most.what} gives {figures(most.value, 6)} at the most{_because(most.why)}"
        if operator in ("<", "<=", "==") and _passed(limit, least.value, operator == "<"):
            return f"{asked} {least.what} gives {figures(least.value, 6)} at the least{_because(least.why)}"
        return _apart(node)

    def _beyond_whole(self, node: Any, operator: str) -> bool:
        most = most_of_whole(node, self.extents.rules)
        return most is not None and (most < 1 or (most == 1 and not operator.endswith("=")))


def _passed(value: float, by: float, strictly: bool) -> bool:
    """Whether `by` lies beyond the value; not only for its last digits, where the value itself would do."""
    if math.isinf(value) or math.isinf(by):
        return False
    return value <= by if strictly else value < by and not math.isclose(value, by)


def _because(why: str) -> str:
    return f": {why}" if why else ""


def _asked(node: Any) -> tuple[Any, str, float] | None:
    """What is compared with a number, how, and with which; None for another comparison."""
    operator, left, right = str(node.op), number(node.lhs), number(node.rhs)
    if (left is None) == (right is None):
        return None
    return (node.lhs, operator, right) if right is not None else (node.rhs, TURNED.get(operator, operator), left or 0.0)


def _apart(node: Any) -> str:
    """That one expression is asked for two things at once, which no value is."""
    known: dict[str, list[tuple[str, float]]] = {}
    for value, operator, limit in _conditions(node):
        known.setdefault(value, []).append((operator, limit))
    for asked in known.values():
        lows = [(limit, operator == ">") for operator, limit in asked if operator in (">", ">=", "==")]
        highs = [(limit, operator != "<") for operator, limit in asked if operator in ("<", "<=", "==")]
        if not lows or not highs:
            continue
        low, high = max(lows), min(highs)
        if low[0] > high[0] or (low[0] == high[0] and (low[1] or not high[1])):
            return f"asks for {' and '.join(f'{operator} {figures(limit, 6)}' for operator, limit in asked)} of the same at once"
    return ""


def _conditions(node: Any) -> Iterator[tuple[str, str, float]]:
    """What must hold at once of the very same series: what is compared, how, and with which number."""
    node = bare(node)
    operator = str(node.op) if type(node).__name__ == "BinaryExpr" else ""
    if operator in ("and", "unless"):
        yield from _conditions(node.lhs)
        if operator == "and" and not (node.modifier and node.modifier.matching):
            yield from _conditions(node.rhs)
    elif operator in COMPARED and not (node.modifier and node.modifier.return_bool) and (found := _asked(node)):
        value, operator, limit = found
        yield from _conditions(value)
        yield _compared_of(value), operator, limit


def _compared_of(node: Any) -> str:
    """What is compared in the end, of what is compared again or of which only some is left."""
    node = bare(node)
    operator = str(node.op) if type(node).__name__ == "BinaryExpr" else ""
    if operator in ("and", "unless"):
        return _compared_of(node.lhs)
    inner = _asked(node) if operator in COMPARED and not (node.modifier and node.modifier.return_bool) else None
    return _compared_of(inner[0]) if inner is not None else str(node)
