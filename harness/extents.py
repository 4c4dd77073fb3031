"""Between which two numbers the values of an expression lie, whatever the service does. Pure.

A quantile of buckets is told as the last bound at the most, a count is 1 at the least (of nothing there is none), `up` is 0 or 1, a
part of a whole 1 at the most.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.burning import bare, number
from harness.facts import RuleSeen
from harness.promql import metric_of, nodes, parsed, selector_of
from harness.quantities import figures
from harness.wholes import COMPARED, most_of_whole

TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""A comparison, read from its other side."""
WITHIN = {"max", "min", "avg", "topk", "bottomk", "limitk", "limit_ratio"}
"""Aggregations that give nothing greater or less than what they are given."""
SAME = {
    "max_over_time", "min_over_time", "avg_over_time", "last_over_time", "first_over_time", "label_replace", "label_join",
    "sort", "sort_desc", "sort_by_label", "sort_by_label_desc", "scalar",
}  # fmt: skip
"""Functions that do neither."""
RELABELS = {"label_replace", "label_join"}
GROWTH = {"rate", "irate", "increase"}
GIVEN: dict[str, tuple[float, float]] = {
    "absent": (1, 1), "absent_over_time": (1, 1), "present_over_time": (1, 1), "count_over_time": (1, math.inf),
    "changes": (0, math.inf), "resets": (0, math.inf), "histogram_fraction": (0, 1), "abs": (0, math.inf), "sgn": (-1, 1),
    "stddev_over_time": (0, math.inf), "stdvar_over_time": (0, math.inf), "minute": (0, 59), "hour": (0, 23),
    "day_of_week": (0, 6), "day_of_month": (1, 31), "day_of_year": (1, 366), "days_in_month": (28, 31), "month": (1, 12),
}  # fmt: skip
"""What functions and aggregations give, whatever they are given."""
GIVEN_OF_ALL = {
    "count": (1.0, math.inf),
    "count_values": (1.0, math.inf),
    "group": (1.0, 1.0),
    "stddev": (0.0, math.inf),
}
METRICS = {"up": (0.0, 1.0), "probe_success": (0.0, 1.0), "ALERTS": (1.0, 1.0)}
"""Prometheus' own, and the blackbox exporter's."""
COUNTERS = ("_total", "_count", "_bucket")
"""How the names of what only grows end."""

MADE = "what it makes of "


@dataclass(frozen=True)
class End:
    """A value that is never passed: whose it is ('' of a mere number), and why, in words."""

    value: float
    what: str = ""
    why: str = ""


@dataclass(frozen=True)
class Extent:
    """Both are reached at the most; infinite where nobody knows."""

    low: End = End(-math.inf)
    high: End = End(math.inf)


UNKNOWN = Extent()


def between(low: float, high: float, what: str, why: str = "") -> Extent:
    return Extent(End(float(low), what, why), End(float(high), what, why))


@dataclass(frozen=True)
class Extents:
    """`last_le`: the greatest finite bound of a selector's buckets, None where that is not known; `above`: the recording rules that are
    being followed."""

    rules: Sequence[RuleSeen]
    last_le: Callable[[str], float | None]
    above: tuple[str, ...] = ()

    def of(self, node: Any) -> Extent:
        node = bare(node)
        value = number(node)
        if value is not None:
            return between(value, value, "")
        ways: dict[str, Callable[[Any], Extent]] = {
            "VectorSelector": self._of_selector,
            "Call": self._of_call,
            "AggregateExpr": self._of_all,
            "BinaryExpr": self._of_two,
            "UnaryExpr": lambda minus: _scaled(self.of(minus.expr), -1),
            "SubqueryExpr": lambda over: self.of(over.expr),
            "MatrixSelector": lambda over: self.of(over.vector_selector),
        }
        way = ways.get(type(node).__name__)
        return way(node) if way else UNKNOWN

    def recorded(self, selector: Any) -> Iterator[tuple[Extents, Any]]:
        """What records a selector's metric, each with the way to look on from there."""
        name = metric_of(selector)
        if name and name not in self.above:
            inner = replace(self, above=(*self.above, name))
            yield from ((inner, parsed(one.expr)) for one in self.rules if one.kind == "recording" and one.rule == name)

    def _of_selector(self, node: Any) -> Extent:
        name = metric_of(node)
        if name in self.above:
            return UNKNOWN
        if made := [inner.of(expr) for inner, expr in self.recorded(node)]:
            return _either(made)
        return between(*METRICS[name], name) if name in METRICS else UNKNOWN

    def _of_call(self, node: Any) -> Extent:
        function, given = node.func.name, node.args
        if function in SAME:
            return self.of(given[0])
        if function == "vector" and (value := number(given[0])) is not None:
            return between(value, value, "vector()")
        if function in ("histogram_quantile", "quantile_over_time") and _is_share(given[0]):
            return self.of(given[1]) if function == "quantile_over_time" else self._quantile(given[1])
        if function.startswith("clamp"):
            return self._clamped(function, given)
        grows = function in GROWTH and _is_counter(given[0])
        return between(*GIVEN.get(function, (0, math.inf)), f"{function}()") if grows or function in GIVEN else UNKNOWN

    def _of_all(self, node: Any) -> Extent:
        aggregation = str(node.op).strip()
        if aggregation in GIVEN_OF_ALL:
            return between(*GIVEN_OF_ALL[aggregation], f"{aggregation}()")
        if aggregation in WITHIN or (aggregation == "quantile" and _is_share(node.param)):
            return self.of(node.expr)
        if aggregation != "sum":
            return UNKNOWN
        one = self.of(node.expr)  # of one series at the least
        return Extent(one.low if one.low.value >= 0 else UNKNOWN.low, one.high if one.high.value <= 0 else UNKNOWN.high)

    def _of_two(self, node: Any) -> Extent:
        operator = str(node.op)
        if operator in ("and", "unless"):
            return self.of(node.lhs)
        if operator == "or":
            return _either([self.of(node.lhs), self.of(node.rhs)])
        if operator in COMPARED:
            if node.modifier and node.modifier.return_bool:
                return between(0, 1, "a comparison with `bool`")
            return self.of(node.rhs if number(node.lhs) is not None else node.lhs)
        if operator == "/" and (most := most_of_whole(node, self.rules)) is not None:
            return between(0, most, "a part of its whole")
        return _reckoned(operator, self.of(node.lhs), self.of(node.rhs))

    def _clamped(self, function: str, given: Sequence[Any]) -> Extent:
        """What is put to it is put in the place of what is less, or greater."""
        limits = [number(one) for one in given[1:]]
        if None in limits:
            return UNKNOWN
        low = limits[0] if function != "clamp_max" else None
        high = limits[-1] if function != "clamp_min" else None
        one, what = self.of(given[0]), f"{function}()"
        if low is not None:
            one = Extent(*(max(end, End(low, what), key=lambda each: each.value) for end in (one.low, one.high)))
        if high is not None:
            one = Extent(*(min(end, End(high, what), key=lambda each: each.value) for end in (one.low, one.high)))
        return one

    def _quantile(self, node: Any) -> Extent:
        bound = self._last_bound(node)
        return UNKNOWN if bound is None else replace(UNKNOWN, high=bound)

    def _last_bound(self, node: Any) -> End | None:
        """The greatest bound among all that a histogram_quantile is given; None where one is not known, or may be renamed."""
        found: list[End | None] = []
        for part in nodes(node):
            kind = type(part).__name__
            if kind == "Call" and part.func.name in RELABELS:
                return None
            if kind != "VectorSelector":
                continue
            made = list(self.recorded(part))
            found += [inner._last_bound(expr) for inner, expr in made]
            if not made:
                selector = selector_of(part)
                last_le = self.last_le(selector)
                why = f"the last bound of {selector} is {figures(last_le, 6)}" if last_le is not None else ""
                found.append(None if last_le is None else End(last_le, "its histogram_quantile", why))
        known = [one for one in found if one is not None]
        return max(known, key=lambda one: one.value) if known and len(known) == len(found) else None


def _is_counter(node: Any) -> bool:
    """By its name."""
    return type(node).__name__ == "MatrixSelector" and metric_of(node.vector_selector).endswith(COUNTERS)


def _is_share(node: Any) -> bool:
    value = number(node)
    return value is not None and 0 <= value <= 1


def _either(found: Sequence[Extent]) -> Extent:
    return Extent(
        min((one.low for one in found), key=lambda end: end.value),
        max((one.high for one in found), key=lambda end: end.value),
    )


def _reckoned(operator: str, left: Extent, right: Extent) -> Extent:
    """A sum, a difference, a multiple; more where both are known to be 0 at the least. Of all else nothing."""
    if operator == "-":
        operator, right = "+", _scaled(right, -1)
    if operator == "+":
        return Extent(_sum(left.low, right.low), _sum(left.high, right.high))
    if operator == "*" and _is_one(left):
        left, right = right, left
    if operator in ("*", "/") and _is_one(right):
        factor = right.low.value if operator == "*" else 1 / (right.low.value or math.inf)
        return _scaled(left, factor) if factor else UNKNOWN
    if operator in ("*", "/") and left.low.value >= 0 and right.low.value >= 0:
        return replace(UNKNOWN, low=_made(left.low, 0.0))
    return UNKNOWN


def _is_one(extent: Extent) -> bool:
    """Whether it is one number."""
    return extent.low.value == extent.high.value and math.isfinite(extent.low.value)


def _sum(one: End, other: End) -> End:
    return _made(one if one.what else other, one.value + other.value)


def _scaled(extent: Extent, factor: float) -> Extent:
    low, high = (_made(end, end.value * factor) for end in (extent.low, extent.high))
    return Extent(low, high) if factor > 0 else Extent(high, low)


def _made(end: End, value: float) -> End:
    """Another value, reckoned from this one."""
    what = end.what if end.what.startswith(MADE) or not end.what else f"{MADE}{end.what}"
    return replace(end, value=value + 0.0, what=what)  # + 0.0: of -0.0 makes 0.0
