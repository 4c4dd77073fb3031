"""The JSON Schema of drill files, for editors: made from the models, committed as harness/schema/drill.v1.json.

Kept to what yaml-language-server knows well: draft 7, `$defs`, `anyOf`, `enum`, `const`, `description`, `default`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.drill.document import Path_
from harness.quantities import spell

if TYPE_CHECKING:
    from harness.drill.model import Drill

FILE = Path(__file__).resolve().parent.parent / "schema" / "drill.v1.json"
_VARIABLE = {"$ref": "#/$defs/variable"}
_LOOSE = {  # the parser takes spaces and capitals that the quantities' own patterns do not
    r"^(\d+(\.\d+)?(us|ms|s|m|h))+$": r"^\s*(\d+(\.\d+)?\s*(us|ms|s|m|h)\s*)+$",
    r"^\d+(\.\d+)?\s*%$": r"^\s*\d+(\.\d+)?\s*%\s*$",
    r"^\d+(\.\d+)?\s*([kKmMgG]i?)?[bB]$": r"^\s*\d+(\.\d+)?\s*([kKmMgG]?[iI]?)[bB]\s*$",
    r"^\d+(\.\d+)?\s*/\s*(s|m|h)$": r"^\s*\d+(\.\d+)?\s*/\s*(s|m|h)\s*$",
}


def drill_schema() -> dict[str, Any]:
    """The schema as data, with the words of the parts that are in use."""
    from harness.drill.own import drill_model

    return _schema(drill_model())


@cache
def _schema(model: type[Drill]) -> dict[str, Any]:
    made = _editor(model.model_json_schema(by_alias=True))
    assert isinstance(made, dict)
    made["$defs"]["variable"] = {
        "type": "string",
        "pattern": r"\$\{",
        "description": "${VAR} or ${VAR:-default}, from the environment or --env-file",
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "drill",
        **{k: v for k, v in made.items() if k != "title"},
    }


def text() -> str:
    """The schema as it is committed and printed."""
    return json.dumps(drill_schema(), indent=1, ensure_ascii=False) + "\n"


def words_at(path: Path_) -> list[str]:
    """The words that may stand in the mapping at a path of a drill, in the models' order; [] where any may or none."""
    nodes = list(_ways(drill_schema()))
    for step in path:
        nodes = [way for node in nodes for inner in _into(node, step) for way in _ways(inner)]
    return list(dict.fromkeys(word for node in nodes for word in node.get("properties", {})))


def _into(node: dict[str, Any], step: str | int) -> list[dict[str, Any]]:
    if isinstance(step, int):
        return [node["items"]] if isinstance(node.get("items"), dict) else []
    if step in node.get("properties", {}):
        return [node["properties"][step]]
    return [node["additionalProperties"]] if isinstance(node.get("additionalProperties"), dict) else []


def _ways(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema with its references followed and its alternatives spread out."""
    if "$ref" in node:
        yield from _ways(drill_schema()["$defs"][node["$ref"].rpartition("/")[2]])
    for choice in (*node.get("anyOf", ()), *node.get("allOf", ())):
        yield from _ways(choice)
    yield node


def _editor(node: Any) -> Any:
    """pydantic's schema fit for editors: anyOf for oneOf, defaults as written, variables where a scalar may stand."""
    if isinstance(node, list):
        return [_editor(item) for item in node]
    if not isinstance(node, dict):
        return node
    out: dict[str, Any] = {}
    for key, value in node.items():
        if key == "discriminator" or (key == "title" and isinstance(value, str)):
            continue
        if key in ("properties", "$defs"):
            out[key] = {word: _editor(inner) for word, inner in value.items()}
        elif key == "default":
            if (shown := _default(node, value)) is not None:
                out[key] = shown
        elif key in ("enum", "const", "required", "examples"):
            out[key] = value
        elif key == "pattern":
            out[key] = _LOOSE.get(value, value)
        else:
            out["anyOf" if key == "oneOf" else key] = _editor(value)
    if "anyOf" in out:
        out["anyOf"] = _flat(out["anyOf"])
    return _or_variable(out)


def _flat(choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Choices within choices spread out, each once."""
    spread = [inner for choice in choices for inner in (choice["anyOf"] if set(choice) == {"anyOf"} else [choice])]
    return [choice for number, choice in enumerate(spread) if choice not in spread[:number]]


def _or_variable(node: dict[str, Any]) -> dict[str, Any]:
    typed = node.get("type") in ("integer", "number", "boolean") or "enum" in node or "const" in node
    if not typed and not (node.get("type") == "string" and "pattern" in node):
        return node
    kept: dict[str, Any] = {key: node[key] for key in ("description", "default") if key in node}
    return {**kept, "anyOf": [{key: value for key, value in node.items() if key not in kept}, _VARIABLE]}


def _default(node: dict[str, Any], value: Any) -> Any:
    """A default as a person writes it; None for none. Which unit a number has shows in its schema's example."""
    if value in (None, "", []):
        return None
    kinds = [node, *node.get("anyOf", ())]
    example = next(
        (str(kind["examples"][0]) for kind in kinds if kind.get("examples") and kind.get("type") == "string"), ""
    )
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not example:
        return value
    if example.endswith("ms"):
        return spell(value / 1000) if value else "0s"
    if example.endswith("%"):
        return f"{value * 100:g}%"
    if example.endswith("B"):
        return f"{value}B"
    return f"{value:g}/s" if "/" in example else spell(value) if value else "0s"
