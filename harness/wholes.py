"""Whether one expression is a part of another, so that it is never more: requests that failed of all, instances that are down of those
there are. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.burning import Rate, asked_of, bare, made_of, number, rate_of
from harness.facts import RuleSeen
from harness.promql import metric_of, nodes, parsed

COMPARED = ("==", "!=", "<", "<=", ">", ">=")
MANY_WHOLES = {"/": "OneToMany", ">": "OneToMany", ">=": "OneToMany", "<": "ManyToOne", "<=": "ManyToOne"}
"""The matching by which each part of a whole stands against all that it is a part of."""


def most_of_whole(node: Any, rules: Sequence[RuleSeen]) -> float | None:
    """How many times its whole a part is at the most, of one over the other or compared with it; None where it is no part."""
    operator = str(node.op)
    if node.modifier and str(node.modifier.card).endswith(MANY_WHOLES[operator]):
        return None
    above, below = (node.rhs, node.lhs) if operator.startswith("<") else (node.lhs, node.rhs)
    (part, times), (whole, of) = _multiple(above), _multiple(below)
    if times <= 0 or of <= 0 or not _at_one_time(part, whole, rules):
        return None
    whole = _at_least(whole)
    pairs = ((rate_of(part, rules), rate_of(whole, rules)), (_count(part), _count(whole)))
    if not any(one and other and _like(one, other) and one.part_of(other) for one, other in pairs):
        return None
    return None if _narrowed(made_of(whole, rules)) else times / of


def _like(one: Rate, other: Rate) -> bool:
    return (one.function, one.window_s) == (other.function, other.window_s)


def _multiple(node: Any) -> tuple[Any, float]:
    """An expression without what it is multiplied by or divided by, and that."""
    node, times = bare(node), 1.0
    while type(node).__name__ == "BinaryExpr" and str(node.op) in ("*", "/"):
        left, right = number(node.lhs), number(node.rhs)
        if right:
            node, times = bare(node.lhs), times * right if str(node.op) == "*" else times / right
        elif left and str(node.op) == "*":
            node, times = bare(node.rhs), times * left
        else:
            break
    return node, times


def _at_least(node: Any) -> Any:
    """Of clamp_min(x, 1) the x: what is put in its place is more."""
    node = bare(node)
    return bare(node.args[0]) if type(node).__name__ == "Call" and node.func.name == "clamp_min" else node


def _narrowed(whole: Any) -> bool:
    """Whether only some of a whole is left before it is summed or counted."""
    inner = whole.expr if type(whole).__name__ == "AggregateExpr" else whole
    return inner is not whole and any(type(part).__name__ == "BinaryExpr" for part in nodes(inner))


def _count(node: Any) -> Rate | None:
    """How many series a selector has, or those of them with such a value."""
    if type(node).__name__ != "AggregateExpr" or str(node.op).strip() != "count":
        return None
    inner = bare(node.expr)
    while type(inner).__name__ == "BinaryExpr" and number(inner.rhs) is not None and str(inner.op) in COMPARED:
        inner = bare(inner.lhs)
    plain = type(inner).__name__ == "VectorSelector" and not (inner.offset or inner.at or inner.matchers.or_matchers)
    return Rate("count", 0.0, asked_of(inner)) if plain else None


def _at_one_time(part: Any, whole: Any, rules: Sequence[RuleSeen]) -> bool:
    """Whether both are of one time: recorded in one group, or neither. Of another group's evaluation one may be older."""
    of_part, of_whole = _groups(part, rules), _groups(whole, rules)
    return of_part == of_whole and len(of_part) <= 1


def _groups(node: Any, rules: Sequence[RuleSeen], above: tuple[str, ...] = ()) -> set[str]:
    found: set[str] = set()
    for part in nodes(node):
        name = metric_of(part) if type(part).__name__ == "VectorSelector" else ""
        for rule in rules:
            if name and rule.kind == "recording" and rule.rule == name and name not in above:
                found |= {rule.group, *_groups(parsed(rule.expr), rules, (*above, name))}
    return found
