"""What a rule on histogram_quantile can never reach: a quantile beyond the last bound of the buckets is told as that bound. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.burning import bare, number
from harness.facts import RuleSeen
from harness.promql import nodes, parsed, selector_of

COMPARED = {">", ">=", "<", "<=", "==", "!="}
WITHIN = {"max", "min", "avg", "topk", "bottomk"}
"""Aggregations that give nothing greater than the greatest that they are given."""
OVER_TIME = {"max_over_time", "min_over_time", "avg_over_time", "last_over_time"}
"""Functions of a range that do neither."""
INNER = {"AggregateExpr": "expr", "SubqueryExpr": "expr", "MatrixSelector": "vector_selector"}
RELABELS = {"label_replace", "label_join"}


@dataclass(frozen=True)
class Ceiling:
    """An expression gives `most` at the most, for the last bound of the buckets of this selector is last_le."""

    selector: str
    last_le: float
    most: float


@dataclass(frozen=True)
class Beyond:
    """A comparison that can never hold: what is compared, and with what, in words."""

    ceiling: Ceiling
    asked: str

    def __str__(self) -> str:
        one = self.ceiling
        return (
            f"its rule asks for {self.asked}, and its histogram_quantile gives {one.most:g} at the most: "
            f"the last bound of {one.selector} is {one.last_le:g}"
        )


def beyond(rules: Sequence[RuleSeen], rule: RuleSeen, last_le: Callable[[str], float | None]) -> Beyond | None:
    """Why a rule can never hold, among all rules; None where it may. `last_le`: the greatest finite bound of a selector's buckets, None
    where that is not known. Raises ValueError for an expression that cannot be read."""
    return _Reach(rules, last_le).beyond(parsed(rule.expr))


@dataclass(frozen=True)
class _Reach:
    """`above`: the recording rules that are being followed."""

    rules: Sequence[RuleSeen]
    last_le: Callable[[str], float | None]
    above: tuple[str, ...] = ()

    def beyond(self, node: Any) -> Beyond | None:
        """Why an expression gives nothing, whatever the service does."""
        node = bare(node)
        kind = type(node).__name__
        if kind == "AggregateExpr":
            return self.beyond(node.expr)
        if kind != "BinaryExpr":
            return None
        operator = str(node.op)
        if operator == "unless":
            return self.beyond(node.lhs)
        left, right = self.beyond(node.lhs), self.beyond(node.rhs)
        if operator == "or":
            return left if left and right else None
        return self._compared(node, operator) or left or right

    def _compared(self, node: Any, operator: str) -> Beyond | None:
        if node.modifier and node.modifier.return_bool:
            return None
        if operator in ("<", "<="):
            value, limit, operator = node.rhs, number(node.lhs), operator.replace("<", ">")
        else:
            value, limit = node.lhs, number(node.rhs)
        most = self.most(value) if limit is not None and operator in (">", ">=") else None
        if most is None or limit is None or most.most > limit or (most.most == limit and operator == ">="):
            return None
        return Beyond(most, f"{operator} {limit:g}")

    def most(self, node: Any) -> Ceiling | None:
        """The most that an expression can give; None where nobody knows."""
        node = bare(node)
        kind = type(node).__name__
        if kind == "VectorSelector":
            return _highest([inner.most(expr) for inner, expr in self._recorded(node)])
        if kind == "Call":
            return self._of_call(node.func.name, node.args)
        if kind == "BinaryExpr":
            return self._of_two(node, str(node.op))
        within = kind in INNER and (kind != "AggregateExpr" or str(node.op).strip() in WITHIN)
        return self.most(getattr(node, INNER[kind])) if within else None

    def _of_call(self, function: str, given: Sequence[Any]) -> Ceiling | None:
        if function in OVER_TIME:
            return self.most(given[0])
        quantile = number(given[0]) if function == "histogram_quantile" else None
        return self._last_bound(given[1]) if quantile is not None and 0 <= quantile <= 1 else None

    def _of_two(self, node: Any, operator: str) -> Ceiling | None:
        if operator == "or":
            return _highest([self.most(node.lhs), self.most(node.rhs)])
        if operator in ("and", "unless") or (
            operator in COMPARED and not (node.modifier and node.modifier.return_bool)
        ):
            return self.most(node.lhs)
        left, right = number(node.lhs), number(node.rhs)
        if operator == "*" and left is not None and left > 0:
            return _scaled(self.most(node.rhs), left)
        if operator in ("*", "/") and right is not None and right > 0:
            return _scaled(self.most(node.lhs), right if operator == "*" else 1 / right)
        return None

    def _last_bound(self, node: Any) -> Ceiling | None:
        """The greatest bound among all that a histogram_quantile is given; None where one is not known, or may be renamed."""
        found: list[Ceiling | None] = []
        for part in nodes(node):
            kind = type(part).__name__
            if kind == "Call" and part.func.name in RELABELS:
                return None
            if kind != "VectorSelector":
                continue
            made = self._recorded(part)
            found += [inner._last_bound(expr) for inner, expr in made]
            if not made:
                selector = selector_of(part)
                last_le = self.last_le(selector)
                found.append(None if last_le is None else Ceiling(selector, last_le, last_le))
        return _highest(found)

    def _recorded(self, selector: Any) -> list[tuple[_Reach, Any]]:
        """What records a selector's metric, each with the way to look on from there."""
        name = selector.name or ""
        if name in self.above:
            return []
        inner = replace(self, above=(*self.above, name))
        made = [rule.expr for rule in self.rules if rule.kind == "recording" and name and rule.rule == name]
        return [(inner, parsed(expr)) for expr in made]


def _highest(found: Sequence[Ceiling | None]) -> Ceiling | None:
    known = [one for one in found if one is not None]
    return max(known, key=lambda one: one.most) if known and len(known) == len(found) else None


def _scaled(ceiling: Ceiling | None, factor: float) -> Ceiling | None:
    return replace(ceiling, most=ceiling.most * factor) if ceiling else None
