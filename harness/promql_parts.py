"""Parts of an expression that may give nothing though all that they read does: growth over a window too short for two samples, two
sides whose labels do not match. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.facts import RuleSeen
from harness.promql import RENAMED, course_of, nodes, parsed, selector_of, wanting
from harness.wholes import COMPARED

OF_TWO = {"rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear"}
"""Functions that give nothing where a window holds less than two samples."""
MAY_BE_EMPTY = {"and", "or", "unless"}
ABSENT = {"absent", "absent_over_time"}


@dataclass(frozen=True)
class Part:
    """As it is written, and as it is asked for: what compares is asked for whatever it holds."""

    text: str
    query: str


def parts(rules: Sequence[RuleSeen], rule: RuleSeen) -> list[Part]:
    """Those of a rule, among all rules. Raises ValueError for an expression that cannot be read."""
    found: dict[str, Part] = {}

    def makes(node: Any) -> str:
        part = part_of(node)
        if part is not None:
            found.setdefault(part.text, part)
        return ""

    wanting(rules, rule, lambda _: True, makes)
    return list(found.values())


def part_of(node: Any) -> Part | None:
    """The part that it is; None where it may well give nothing, or cannot be written down again."""
    if type(node).__name__ == "Call":
        if node.func.name not in OF_TWO or type(node.args[0]).__name__ != "MatrixSelector":
            return None
        text = _written(node)
        return Part(text, text) if text else None
    left, right, operator = node.lhs, node.rhs, str(node.op)
    if operator in MAY_BE_EMPTY or _is_number(left) or _is_number(right) or not (_always(left) and _always(right)):
        return None
    text, (before, after) = _written(node), (_written(left), _written(right))
    if not (text and before and after):
        return None
    matching = text[len(before) : len(text) - len(after)].strip().removeprefix(operator).strip()
    if not _filters(node):
        return Part(text, text)
    return Part(text, " ".join(one for one in (before, operator, "bool", matching, after) if one))


def read_by(rules: Sequence[RuleSeen], text: str) -> tuple[str, ...]:
    """The selectors that a part reads; () where what records them may give nothing. Raises ValueError."""
    course = course_of(rules, RuleSeen(rule="", expr=text))
    whole = all(_always(parsed(one.expr)) for one in course.rules if one.kind == "recording")
    return tuple(one.selector for one in course.readings) if whole else ()


def _always(node: Any) -> bool:
    """Whether it gives something wherever what it reads does and its sides match: it asks for no value, nor for what is absent."""
    return not any(
        (type(part).__name__ == "BinaryExpr" and (str(part.op) in MAY_BE_EMPTY or _filters(part)))
        or (type(part).__name__ == "Call" and part.func.name in ABSENT)
        or type(part).__name__ == "SubqueryExpr"
        for part in nodes(node)
    )


def _filters(node: Any) -> bool:
    return str(node.op) in COMPARED and not (node.modifier and node.modifier.return_bool)


def _is_number(node: Any) -> bool:
    """Whether it is no vector."""
    kind = type(node).__name__
    if kind == "BinaryExpr":
        return _is_number(node.lhs) and _is_number(node.rhs)
    if kind in ("ParenExpr", "UnaryExpr"):
        return _is_number(node.expr)
    return kind == "NumberLiteral" or (kind == "Call" and str(node.func.return_type).endswith("Scalar"))


def _written(node: Any) -> str:
    """An expression as PromQL again; '' where the parser's own text of it is another: it escapes nothing that its matchers hold, and
    has newer names of functions than the Prometheus may."""
    given = text = str(node)
    for part in nodes(node):
        if type(part).__name__ == "Call" and part.func.name in RENAMED.values():
            return ""
        if type(part).__name__ == "VectorSelector":
            plain = str(part)
            text = text.replace(plain[: plain.rindex("}") + 1], selector_of(part))
    try:
        return text if str(parsed(text)) == given else ""
    except ValueError:
        return ""
