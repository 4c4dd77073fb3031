"""Two sides whose labels can never be the same, so that nothing comes of them: {code="500"} and {code="200"} without `ignoring(code)`,
one service's errors over what was summed over all. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.burning import NAME, bare, number

KEEP = {
    "rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear", "changes", "resets", "abs", "ceil", "floor",
    "round", "clamp", "clamp_min", "clamp_max", "sqrt", "exp", "ln", "sgn", "max_over_time", "min_over_time", "avg_over_time",
    "sum_over_time", "count_over_time", "last_over_time", "quantile_over_time", "present_over_time",
}  # fmt: skip
"""Functions that leave the labels of a series as they are."""
SOME = {"topk", "bottomk", "limitk", "limit_ratio"}
"""Aggregations that do."""


@dataclass(frozen=True)
class Labels:
    """What every series of an expression has; `most`: the labels that one may have at the most, None where nobody knows."""

    sure: Mapping[str, str] = field(default_factory=dict)
    most: frozenset[str] | None = None

    def of(self, label: str) -> str | None:
        """Its value, '' of one that no series has; None where that is not known."""
        return self.sure.get(label, "" if self.most is not None and label not in self.most else None)


ANY = Labels()


def never_match(node: Any) -> str:
    """By which label two sides never match, in words; '' where they may."""
    modifier = node.modifier
    if modifier and modifier.fill_values and (modifier.fill_values.lhs, modifier.fill_values.rhs) != (None, None):
        return ""
    left, right, matching = labels_of(node.lhs), labels_of(node.rhs), modifier.matching if modifier else None
    for label in sorted({*left.sure, *right.sure}):
        one, other = left.of(label), right.of(label)
        if one is not None and other is not None and one != other and _is_asked(label, matching):
            return f"{label} is {_value(one)} on the one and {_value(other)} on the other"
    return ""


def labels_of(node: Any) -> Labels:
    node = bare(node)
    kind = type(node).__name__
    if kind == "VectorSelector":
        every = () if node.matchers.or_matchers else node.matchers.matchers
        return Labels({one.name: one.value for one in every if str(one.op).endswith(".Equal") and one.name != NAME})
    if kind == "Call":
        vectors = [one for one in node.args if number(one) is None]
        return labels_of(vectors[0]) if node.func.name in KEEP and vectors else ANY
    if kind == "AggregateExpr":
        return _aggregated(node, str(node.op).strip())
    if kind == "BinaryExpr":
        return _of_two(node)
    inner = {"MatrixSelector": "vector_selector", "SubqueryExpr": "expr", "UnaryExpr": "expr"}.get(kind)
    return labels_of(getattr(node, inner)) if inner else ANY


def _aggregated(node: Any, aggregation: str) -> Labels:
    given, by = labels_of(node.expr), node.modifier
    if aggregation in SOME:
        return given
    if aggregation == "count_values":
        return ANY
    named = frozenset(by.labels) if by is not None else frozenset()
    if by is not None and not str(by.type).endswith("By"):
        return Labels(
            {label: value for label, value in given.sure.items() if label not in named},
            None if given.most is None else given.most - named,
        )
    return Labels(
        {label: value for label, value in given.sure.items() if label in named},
        named if given.most is None else given.most & named,
    )


def _of_two(node: Any) -> Labels:
    """Those of the left, where nothing of it is left out."""
    if number(node.lhs) is not None:
        return labels_of(node.rhs)
    matched = node.modifier is not None and node.modifier.matching is not None
    if str(node.op) in ("and", "unless") or number(node.rhs) is not None or (str(node.op) != "or" and not matched):
        return labels_of(node.lhs)
    return ANY


def _is_asked(label: str, matching: Any) -> bool:
    if matching is None:
        return True
    return (label in matching.labels) == str(matching).startswith("on")


def _value(value: str) -> str:
    return repr(value) if value else "none"
