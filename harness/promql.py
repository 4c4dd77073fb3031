"""What a rule stands on: the recording rules before it, and the metrics that they read, how far back; and for want of which of
them it could give nothing. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.alerting import NO_LABELS, may_bear, shown
from harness.facts import RuleSeen

COUNTED = {"rate", "irate", "increase", "resets"}
"""Functions that take what they read for a counter."""
CALENDAR = {
    "time", "hour", "minute", "month", "year", "day_of_week", "day_of_month", "day_of_year", "days_in_month",
}  # fmt: skip
"""Functions that tell the time of now where they are given nothing."""
OF_NOTHING = {"absent", "absent_over_time", "time", "vector"}
"""Functions that give something where nothing is read."""
_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_TOKEN = re.compile(
    r"""#.*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[a-zA-Z_:][\w:]*|0[xX](?:_?[0-9a-fA-F])+|[0-9](?:_?[0-9])*"""
)
RENAMED = {"holt_winters": "double_exponential_smoothing"}
"""Functions of Prometheus 2, as the parser here and Prometheus 3 call them."""
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True)
class Reading:
    """What an expression reads: a selector, how far back, and whether as a counter."""

    selector: str
    back_s: float
    counted: bool


@dataclass(frozen=True)
class Matcher:
    """One of a selector's; `text` as PromQL writes it, `how` it compares with what is `asked`; `value` only of one that asks for that
    very value."""

    label: str
    text: str
    how: str
    asked: str

    @property
    def value(self) -> str:
        return self.asked if self.how == "=" else ""


@dataclass(frozen=True)
class Course:
    """A rule with all that it stands on, dependencies first, and what these read of the metrics themselves."""

    alert: RuleSeen
    rules: tuple[RuleSeen, ...]
    readings: tuple[Reading, ...]

    @property
    def window_s(self) -> float:
        """How far back the longest of them looks."""
        return max((reading.back_s for reading in self.readings), default=0.0)


def course(rules: Sequence[RuleSeen], alert: str, labels: Mapping[str, str] = NO_LABELS) -> Course:
    """What the one rule stands on that may make the alert with these labels. Raises ValueError for an expression that cannot be
    read, or where there is no such rule, or more than one."""
    mine = [rule for rule in rules if rule.kind == "alerting" and rule.rule == alert and may_bear(rule, labels)]
    if len(mine) != 1:
        raise ValueError(f"there are {len(mine)} rules {alert}{shown(labels)}")
    return course_of(rules, mine[0])


def course_of(rules: Sequence[RuleSeen], alert: RuleSeen) -> Course:
    """What an alert's rule stands on, among all rules. Raises ValueError for an expression that cannot be read."""
    order: dict[int, RuleSeen] = {}
    found: dict[tuple[str, bool], float] = {}

    def visit(rule: RuleSeen, back_s: float, above: tuple[str, ...]) -> None:
        if rule.rule in above:
            raise ValueError(f"the rule {rule.rule} stands on itself")
        for reading, name in readings(rule.expr):
            made = [one for one in rules if one.kind == "recording" and name and one.rule == name]
            for one in made:
                visit(one, back_s + reading.back_s, (*above, rule.rule))
            if not made:
                key = reading.selector, reading.counted
                found[key] = max(found.get(key, 0.0), back_s + reading.back_s)
        order.setdefault(id(rule), rule)

    visit(alert, 0.0, ())
    return Course(
        alert,
        tuple(order.values()),
        tuple(Reading(selector, back_s, counted) for (selector, counted), back_s in found.items()),
    )


def readings(expr: str) -> Iterator[tuple[Reading, str]]:
    """Each selector of an expression, with the metric's name where it has one. Raises ValueError."""
    yield from _readings(parsed(expr), 0.0, False)


def clock(expr: str) -> str:
    """What of an expression reads the clock or names an instant, so that it holds at its own time alone; '' for nothing. Raises
    ValueError."""
    for node in nodes(parsed(expr)):
        if type(node).__name__ == "Call":
            name = node.func.name
            if name == "timestamp" or (name in CALENDAR and not node.args):
                return f"{name}()"
        elif getattr(node, "at", None) is not None:
            return str(node.at)
    return ""


def matchers(selector: str) -> tuple[str, tuple[Matcher, ...]]:
    """A selector's metric and its matchers; none of those joined by `or`. Raises ValueError."""
    node = parsed(selector)
    every = [Matcher(one.name, _matcher(one), _operator(one), one.value) for one in node.matchers.matchers]
    name = metric_of(node)
    return name, tuple(one for one in every if not name or one.label != "__name__")


def wanting(
    rules: Sequence[RuleSeen],
    rule: RuleSeen,
    has: Callable[[str], bool],
    makes: Callable[[Any], str] = lambda _: "",
) -> tuple[str, ...]:
    """The selectors for want of which a rule gives nothing, among all rules; () where it may give something. `has`: whether a
    selector has series; `makes`: of a call, or of two sides, what it is, where it gives nothing though these may (''). Raises
    ValueError for an expression that cannot be read."""

    def of(one: RuleSeen, above: tuple[str, ...]) -> tuple[str, ...]:
        def gives(node: Any) -> tuple[str, ...]:
            name = metric_of(node)
            made = [other for other in rules if other.kind == "recording" and name and other.rule == name]
            each = [of(other, (*above, one.rule)) for other in made if other.rule not in above]
            if made:
                return each[0] if each and all(each) else ()
            selector = selector_of(node)
            return () if has(selector) else (selector,)

        return _wanting(parsed(one.expr), gives, makes)

    return tuple(dict.fromkeys(of(rule, ())))


def _wanting(node: Any, gives: Callable[[Any], tuple[str, ...]], makes: Callable[[Any], str]) -> tuple[str, ...]:
    """Of an expression's tree; `gives` tells it of a selector."""
    kind = type(node).__name__
    if kind == "VectorSelector":
        return gives(node)
    if kind == "MatrixSelector":
        return gives(node.vector_selector)
    if kind in ("AggregateExpr", "ParenExpr", "UnaryExpr", "SubqueryExpr"):
        return _wanting(node.expr, gives, makes)
    found: tuple[str, ...] = ()
    if kind == "Call" and node.func.name not in OF_NOTHING:
        found = tuple(one for arg in node.args for one in _wanting(arg, gives, makes))
    elif kind == "BinaryExpr":
        left, right = _wanting(node.lhs, gives, makes), _wanting(node.rhs, gives, makes)
        either, without = str(node.op) == "or", str(node.op) == "unless"
        found = left if without else (*left, *right) if not either or (left and right) else ()
    made = makes(node) if kind in ("Call", "BinaryExpr") and not found else ""
    return (made,) if made else found


def parsed(expr: str) -> Any:
    import promql_parser

    try:
        return promql_parser.parse(_TOKEN.sub(_older, expr))
    except ValueError as error:
        raise ValueError(f"{expr!r} cannot be read: {error}") from None


def nodes(node: Any) -> Iterator[Any]:
    """An expression with all its parts."""
    yield node
    parts = [getattr(node, name, None) for name in ("lhs", "rhs", "expr", "param", "vector_selector")]
    for part in (*parts, *getattr(node, "args", ())):
        if part is not None:
            yield from nodes(part)


def _readings(node: Any, back_s: float, counted: bool) -> Iterator[tuple[Reading, str]]:
    """An expression's tree: each kind of node has its parts under names of its own."""
    kind = type(node).__name__
    if kind == "VectorSelector":
        offset_s = node.offset.total_seconds() if node.offset else 0.0
        yield Reading(selector_of(node), back_s + max(0.0, offset_s), counted), metric_of(node)
    elif kind == "MatrixSelector":
        yield from _readings(node.vector_selector, back_s + node.range.total_seconds(), counted)
    elif kind == "SubqueryExpr":
        offset_s = node.offset.total_seconds() if node.offset else 0.0
        yield from _readings(node.expr, back_s + node.range.total_seconds() + max(0.0, offset_s), counted)
    elif kind == "Call":
        for argument in node.args:
            yield from _readings(argument, back_s, counted or node.func.name in COUNTED)
    elif kind == "BinaryExpr":
        yield from _readings(node.lhs, back_s, counted)
        yield from _readings(node.rhs, back_s, counted)
    elif kind in ("AggregateExpr", "ParenExpr", "UnaryExpr"):
        yield from _readings(node.expr, back_s, counted)


def metric_of(selector: Any) -> str:
    """The name of what a selector reads, also where a matcher says it ({__name__="x"}, {"x"}); '' where none says one."""
    named = (
        one.value for one in selector.matchers.matchers if one.name == "__name__" and str(one.op).endswith(".Equal")
    )
    return selector.name or next(named, "")


def selector_of(node: Any) -> str:
    """A selector as PromQL again: the parser's own text of one does not escape what its values hold."""
    either = node.matchers.or_matchers or [node.matchers.matchers]
    text = " or ".join(",".join(map(_matcher, matchers)) for matchers in either)
    return f"{node.name or ''}{f'{{{text}}}' if text else ''}"


def _matcher(matcher: Any) -> str:
    plain = re.fullmatch(r"[a-zA-Z_]\w*", matcher.name, re.ASCII)
    label = matcher.name if plain else _text(matcher.name)
    return f"{label}{_operator(matcher)}{_text(matcher.value)}"


def _operator(matcher: Any) -> str:
    return _OPERATORS[str(matcher.op).rpartition(".")[2]]


def _text(value: str) -> str:
    return f'"{value.translate(_ESCAPED)}"'


def _older(found: re.Match[str]) -> str:
    """A token as the parser here reads it: a raw string between backquotes as an ordinary one (it takes a backslash in it for an
    escape), a number without the underscores that a newer Prometheus allows between its digits, a function by its newer name. All
    else as it is."""
    token = found[0]
    if token in RENAMED and found.string[found.end() :].lstrip().startswith("("):
        return RENAMED[token]
    if token.startswith("`"):
        return _text(token[1:-1])
    return token.replace("_", "") if token[0].isdigit() else token
