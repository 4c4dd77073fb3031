"""What pydantic found, in our words and at its place in the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from harness.drill.document import Document, Path_
from harness.drill.problem import Problem, did_you_mean
from harness.drill.schema import words_at
from harness.drill.tagged import is_tag
from harness.faults.toxic import TOXICS

_EXAMPLES = {
    ("drill",): "the file's name without .yaml",
    ("stack",): "stack: {compose: [../compose/app/compose.yaml]}",
    ("stack", "compose"): "compose: [../compose/app/compose.yaml]",
    ("load",): "load: {locustfile: users.py, against: api:8080, arrivals: [{for: 1m, rate: 40/s}]}",
    ("load", "against"): "against: api:8080",
    ("steady",): "steady: {for: 20s, within: 2m, all: [errors < 0.5%, p95 < 300ms]}",
    ("phases",): "phases: [{name: calm, for: 30s}]",
}
_NOT_HERE = {
    ("down", "share"): "it has no share: a listener is there for all or for none; see reset and hang",
}
"""Words that others of its kind have, and why this one cannot."""
_ITEMS = {"fault": "latency: {edge: api->postgres, delay: 400ms}", "expectation": "errors_below: {ratio: 2%}"}
_RATE = re.compile(r"\d+(\.\d+)?\s*/\s*[smh]")
_MAPPING = "a mapping, word: value"
_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list, [ … ]",
    "list_type": "a list, [ … ]",
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
}


MOST = 200
"""Nobody reads more problems of one file; it is another kind of file then."""


def explain_all(found: ValidationError, document: Document) -> list[Problem]:
    """Everything that pydantic found. It calls a list too short that has no *valid* item; that one is left out."""
    errors = found.errors(include_url=False)
    wrong = [error for error in errors if not (error["type"] == "too_short" and error["input"])]
    told = [explain(dict(error), document) for error in wrong[:MOST]]
    return told + ([document.problem((), f"and {len(wrong) - MOST} more")] if len(wrong) > MOST else [])


def explain(error: Mapping[str, Any], document: Document) -> Problem:
    """One of pydantic's errors as a problem of the file."""
    kind, value = error["type"], error.get("input")
    path: Path_ = tuple(step for step in error["loc"] if not is_tag(step))
    name = spelled(path, document.data)
    if kind == "extra_forbidden":
        if path[-2:] in _NOT_HERE:
            return document.problem(path, f"{name}: {_NOT_HERE[path[-2:]]}", key=True)  # type: ignore[index]
        known = words_at(path[:-1])
        hint = did_you_mean(str(path[-1]), known) or f"; known here: {', '.join(known)}"
        return document.problem(path, f"{name}: unknown word{hint}", key=True)
    if kind == "missing":
        example = f", such as {_EXAMPLES[path]}" if path in _EXAMPLES else ""  # type: ignore[index]
        within = f"{spelled(path[:-1], document.data)}: " if len(path) > 1 else ""
        return document.problem(path[:-1], f"{within}`{path[-1]}` is missing{example}", key=True)
    if kind == "union_tag_invalid":
        word = str(next(iter(value)))  # type: ignore[arg-type]
        known = words_at(path)
        meant = TOXICS.get(word, "") if _noun(path) == "fault" else ""
        hint = (
            f" (it is called '{meant}' here)"
            if meant
            else did_you_mean(word, known) or f"; known are {', '.join(known)}"
        )
        return document.problem((*path, word), f"{name}: unknown {_noun(path)} '{word}'{hint}", key=True)
    if kind == "union_tag_not_found":
        return _not_one_word(path, name, value, document)
    words = words_at(path) if _KINDS.get(kind) == _MAPPING and value is not None else []
    hint = f"; known here: {', '.join(words)}" if words else _as_list(path, value) if kind == "tuple_type" else ""
    return document.problem(path, f"{name + ': ' if name else ''}{_said(kind, value, error)}{hint}")


def spelled(path: Path_, data: Any) -> str:
    """A path as words with dots; items that have a name are called by it: phases.orders-slow.faults.0."""
    words: list[str] = []
    for step in path:
        inner = data[step] if isinstance(data, dict) and step in data else None
        if isinstance(data, list) and isinstance(step, int) and step < len(data):
            inner = data[step]
        named = isinstance(step, int) and isinstance(inner, dict) and isinstance(inner.get("name"), str)
        words.append(inner["name"] if named and isinstance(inner, dict) else str(step))
        data = inner
    return ".".join(words)


def _noun(path: Path_) -> str:
    return "fault" if "faults" in path else "expectation"


def _not_one_word(path: Path_, name: str, value: Any, document: Document) -> Problem:
    noun = _noun(path)
    example = _ITEMS[noun]
    if isinstance(value, dict) and len(value) > 1:
        words = [str(word) for word in value]
        if value[words[0]] is None:
            what = f"the fields of '{words[0]}' stand beside it; indent them below it, as in {example}"
        else:
            what = f"'{words[0]}' and '{words[1]}' in one item; each {noun} is an item of its own ('- ')"
        return document.problem((*path, words[1]), f"{name}: {what}", key=True)
    given = "nothing" if value is None or value == {} else repr(value)
    return document.problem(path, f"{name}: write one word with its fields, as in {example}, not {given}")


def _said(kind: str, value: Any, error: Mapping[str, Any]) -> str:  # noqa: PLR0911  (a table in the form of ifs)
    context = error.get("ctx") or {}
    if value is None and kind.startswith("model") and any(is_tag(step) for step in error["loc"]):
        return f"is empty; write its fields below it, or {error['loc'][-1]}: {{}} for none"
    if value is None:
        return (
            f"is empty; write {_KINDS[kind]}, or leave the word out" if kind in _KINDS else "is empty; give it a value"
        )
    if kind == "value_error":
        return str(context.get("error", error["msg"]))
    if kind in _KINDS:
        quoted = " (in quotes)" if kind == "string_type" and isinstance(value, (bool, int, float)) else ""
        return f"must be {_KINDS[kind]}{quoted}, not {_shown(value)}"
    if kind == "bool_type":
        return f"must be true or false, not {_shown(value)}"
    if kind in ("literal_error", "enum"):
        expected = str(context.get("expected", ""))
        near = did_you_mean(str(value), re.findall(r"'([^']*)'", expected))
        return f"must be {expected}, not {_shown(value)}{near}"
    if kind == "string_pattern_mismatch":
        return f"{_shown(value)} is no name: begin with a letter or a digit, then letters, digits, '-' and '_'"
    if kind in ("too_short", "string_too_short"):
        return "must not be empty"
    message = str(error["msg"]).replace("Input should be", "must be")
    return message[0].lower() + message[1:]


def _as_list(path: Path_, value: Any) -> str:
    """How the list is written that was meant: one of texts has the text in it, one of mappings is shown by an example."""
    if value is None:
        return ""
    if path == ("load", "arrivals"):
        rate = value if isinstance(value, str) and _RATE.fullmatch(value) else "40/s"
        return f"; write [{{for: 1m, rate: {rate}}}]"
    if path in _EXAMPLES and words_at((*path, 0)):
        return f", such as {_EXAMPLES[path]}"  # type: ignore[index]
    if path[-1:] in (("faults",), ("expect",), ("then",)):
        return f", such as [{_ITEMS[_noun(path)]}]"
    return f"; write [{value}]" if isinstance(value, str) and not words_at((*path, 0)) else ""


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…" + text[0]
