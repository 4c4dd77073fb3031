"""YAML read strictly, each value with its place: only true and false are booleans; no octal, no sexagesimal, no dates.

PyYAML's composer gives nodes with marks; what they mean is decided here, so that there are no surprises of YAML 1.1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from harness.drill.document import Document, Path_, Place
from harness.drill.interpolate import Filled
from harness.drill.problem import Invalid, Problem

LARGEST_BYTES = 256 * 1024  # a drill is read by people; and PyYAML takes a second for each 200 KB
_DEEPEST = 60
_MOST_NODES = 50_000  # anchors within anchors multiply
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_PLAIN, _TEXT, _MERGE = "plain", "tag:yaml.org,2002:str", "<<"
_KINDS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


class _Loader(yaml.SafeLoader):
    """Composes nodes only; `resolve` tells plain scalars from quoted ones instead of guessing their type."""

    depth = 0

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:
        if kind is ScalarNode:
            return _PLAIN if implicit[0] else _TEXT
        return "tag:yaml.org,2002:map" if kind is MappingNode else "tag:yaml.org,2002:seq"

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self.depth += 1
        if self.depth > _DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(None, None, f"nested more than {_DEEPEST} levels deep", mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def decode(file: str, raw: bytes) -> str:
    """Bytes of a file as text. Raises Invalid: too large, not UTF-8."""
    if len(raw) > LARGEST_BYTES:
        raise Invalid([Problem(file, 1, 1, f"too large for a drill: {len(raw)} bytes, at most {LARGEST_BYTES}")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        what = f"not UTF-8: byte 0x{raw[error.start]:02x} ({error.reason}); save the file as UTF-8"
        raise Invalid([Problem(file, before.count(b"\n") + 1, column, what)]) from None


def read(file: str, text: str, fill: Callable[[str], Filled] = Filled) -> Document:
    """Text as data with places; `fill` puts variables into each scalar. Raises Invalid with all problems found."""
    if len(text) > LARGEST_BYTES:
        raise Invalid([Problem(file, 1, 1, f"too large for a drill: {len(text)} characters, at most {LARGEST_BYTES}")])
    root = _compose(file, text)
    builder = _Builder(Document(file, text, None), fill)
    if root is None:
        return builder.document
    data = builder.build(root, ())
    if builder.problems:
        raise Invalid(builder.problems)
    return replace(builder.document, data=data)


def _compose(file: str, text: str) -> Node | None:
    lines = text.splitlines()

    def at(line: int, column: int, what: str) -> Invalid:
        source = lines[line - 1] if 0 < line <= len(lines) else ""
        return Invalid([Problem(file, line, column, what, source)])

    try:
        return yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise at(line, column, _said(error, lines[line - 1] if line <= len(lines) else "")) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        column = error.position - (before.rfind("\n") + 1) + 1
        raise at(before.count("\n") + 1, column, f"the character {error.character!r} may not stand in YAML") from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        # PyYAML lets chr() of a wrong "\\U…" escape through as a ValueError or an OverflowError
        raise at(1, 1, f"not YAML: {error}") from None


def _said(error: yaml.MarkedYAMLError, source: str) -> str:
    problem = error.problem or error.context or "not YAML"
    if "'\\t'" in problem:
        return "a tab: YAML indents with spaces only"
    if "but found another document" in problem or "expected a single document" in str(error.context):
        return "a second document ('---'): one drill per file"
    if "mapping values are not allowed" in problem:
        problem = "a ':' where none may stand; indentation, or a text with ': ' in it that needs quotes"
    context = f" ({error.context})" if error.context and error.context != problem else ""
    hint = '; inside {…} and […] a variable needs quotes: "${VAR}"' if "${" in source else ""
    return f"not YAML: {problem}{context}{hint}"


class _Builder:
    """Walks the nodes once; collects every problem instead of stopping at the first."""

    def __init__(self, document: Document, fill: Callable[[str], Filled]) -> None:
        self.document = document
        self.fill = fill
        self.problems: list[Problem] = []
        self.nodes = 0
        self.open: set[int] = set()

    def build(self, node: Node, path: Path_) -> Any:
        place = _place(node)
        self.document.values.setdefault(path, place)
        self.nodes += 1
        if self.nodes > _MOST_NODES:
            if self.nodes == _MOST_NODES + 1:
                self.wrong(place, f"more than {_MOST_NODES} values, once its anchors are followed")
            return None
        if id(node) in self.open:
            self.wrong(place, "an anchor that contains itself")
            return None
        self.open.add(id(node))
        try:
            if isinstance(node, ScalarNode):
                return self.scalar(node, place, path)
            if node.tag not in _KINDS:
                self.wrong(place, f"the tag {node.tag!r}: a drill uses no tags")
            if isinstance(node, SequenceNode):
                return [self.build(item, (*path, number)) for number, item in enumerate(node.value)]
            assert isinstance(node, MappingNode)
            return self.mapping(node, path)
        finally:
            self.open.discard(id(node))

    def mapping(self, node: MappingNode, path: Path_) -> dict[str, Any]:
        data: dict[str, Any] = {}
        seen: dict[str, Place] = {}
        merged: list[Node] = []
        for key_node, value_node in node.value:
            place = _place(key_node)
            if not isinstance(key_node, ScalarNode):
                self.wrong(place, "a key must be a word")
                continue
            key = key_node.value
            if key == _MERGE and key_node.tag == _PLAIN:
                merged += value_node.value if isinstance(value_node, SequenceNode) else [value_node]
                continue
            if key in seen:
                first = seen[key]
                self.wrong(place, f"'{key}' stands here twice; first at line {first.line}, column {first.column}")
                continue
            seen[key] = place
            self.document.keys.setdefault((*path, key), place)
            data[key] = self.build(value_node, (*path, key))
        for source in merged:
            if not isinstance(source, MappingNode):
                self.wrong(_place(source), "'<<' needs a mapping (an alias of one)")
                continue
            for key, value in _Merged(self, path, frozenset(data)).take(source).items():
                data.setdefault(key, value)
        return data

    def scalar(self, node: ScalarNode, place: Place, path: Path_) -> Any:
        if node.tag not in (_PLAIN, _TEXT):
            self.wrong(place, f"the tag {node.tag!r}: a drill uses no tags")
        filled = self.fill(node.value)
        if filled.used:
            self.document.used[path] = filled.used
        for offset, why in filled.wrong:
            column = place.column + (offset if node.start_mark.line == node.end_mark.line and node.style is None else 0)
            self.wrong(Place(place.line, column), why)
        text = filled.text
        if any("\ud800" <= char <= "\udfff" for char in text):
            self.wrong(place, "half of a surrogate pair is no character")
            return ""
        return plain(text) if node.tag == _PLAIN else text

    def wrong(self, place: Place, what: str) -> None:
        lines = self.document.text.splitlines()
        source = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
        self.problems.append(Problem(self.document.file, place.line, place.column, what, source))


@dataclass(frozen=True)
class _Merged:
    """The keys of a mapping that is merged in by '<<': those that the mapping itself has are left out."""

    builder: _Builder
    path: Path_
    have: frozenset[str]

    def take(self, source: MappingNode) -> dict[str, Any]:
        if id(source) in self.builder.open:
            self.builder.wrong(_place(source), "an anchor that contains itself")
            return {}
        kept = [
            (key, value)
            for key, value in source.value
            if not (isinstance(key, ScalarNode) and key.value in self.have and key.value != _MERGE)
        ]
        node = MappingNode(source.tag, kept, source.start_mark, source.end_mark, source.flow_style)
        self.builder.open.add(id(source))
        try:
            return self.builder.mapping(node, self.path)
        finally:
            self.builder.open.discard(id(source))


def _place(node: Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def plain(text: str) -> Any:
    """What an unquoted scalar means: nothing, true, false, a decimal number; all else is text."""
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INT.fullmatch(text) and len(text) <= 18:
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
