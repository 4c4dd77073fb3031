"""The committed JSON Schema is the models' own, and accepts what the parser accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.drill.schema import FILE, drill_schema, text, words_at
from harness.drill.yaml_strict import read
from harness.expectations import EXPECTATIONS
from harness.faults import FAULTS

DRILLS = sorted((Path(__file__).parents[3] / "drills").glob("*.y*ml"))
TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None)}
ANSWERED = {
    "$ref",
    "anyOf",
    "type",
    "enum",
    "const",
    "pattern",
    "properties",
    "required",
    "additionalProperties",
    "items",
} | {
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
}
SAID = {"description", "default", "examples", "$defs", "$schema", "title"}


def objections(value: Any, schema: dict[str, Any], where: str = "") -> Iterator[str]:
    """What a validator of draft 7 would say, for the keywords of our schema; another keyword is an error."""
    assert set(schema) <= ANSWERED | SAID, f"{where}: {set(schema) - ANSWERED - SAID}"
    if "$ref" in schema:
        yield from objections(value, drill_schema()["$defs"][schema["$ref"].rpartition("/")[2]], where)
    choices = [list(objections(value, choice, where)) for choice in schema.get("anyOf", ())]
    if choices and all(choices):
        yield f"{where}: {value!r} fits none: {choices}"
    kind = schema.get("type")
    if kind == "number":
        ok = isinstance(value, (int, float)) and not isinstance(value, bool)
    else:
        ok = kind is None or (isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool)))
    if not ok:
        yield f"{where}: {value!r} is no {kind}"
    else:
        yield from _inside(value, schema, where)
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"


def _inside(value: Any, schema: dict[str, Any], where: str) -> Iterator[str]:
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{where}: {value!r} does not match {schema['pattern']}"
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            yield f"{where}: {value!r} is too short or too long"
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from objections(item, schema.get("items", {}), f"{where}.{number}")
        if len(value) < schema.get("minItems", 0):
            yield f"{where}: too few"
    elif isinstance(value, dict):
        yield from _fields(value, schema, where)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        least, most = schema.get("minimum", value), schema.get("maximum", value)
        if not least <= value <= most:
            yield f"{where}: {value} is out of range"


def _fields(value: dict[str, Any], schema: dict[str, Any], where: str) -> Iterator[str]:
    known, other = schema.get("properties", {}), schema.get("additionalProperties", {})
    yield from (f"{where}: {word} is missing" for word in schema.get("required", ()) if word not in value)
    for word, inner in value.items():
        if word not in known and other is False:
            yield f"{where}: unknown {word}"
        else:
            yield from objections(inner, known.get(word, other), f"{where}.{word}")


def valid(text_: str) -> list[str]:
    return list(objections(read("x.yaml", text_).data, drill_schema()))


def test_the_committed_schema_is_the_one_that_the_models_make() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "make it again: drill schema > harness/schema/drill.v1.json"


def test_the_schema_keeps_to_what_editors_know() -> None:
    found: set[str] = set()

    def walk(node: Any, named: bool = False) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item)
        elif isinstance(node, dict):
            if not named:
                found.update(node)
            for key, inner in node.items():
                if key not in ("default", "enum", "const", "examples"):
                    walk(inner, named=key in ("properties", "$defs") and not named)

    walk(drill_schema())
    assert found <= ANSWERED | SAID
    assert drill_schema()["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("path", DRILLS, ids=lambda path: path.stem)
def test_the_schema_accepts_every_drill_of_this_project(path: Path) -> None:
    assert valid(path.read_text()) == []


def test_the_schema_accepts_what_the_parser_accepts(checkout: Callable[..., Path]) -> None:
    whole = checkout().read_text()
    assert valid(whole) == []
    changes = [
        (
            "stack:\n",
            "stack:\n  edges: [a->b, {edge: c -> d, off: true}, {edge: e->f, speaks: redis, ports: [6379]}]\n",
        ),
        ("stack:\n", "stack:\n  data: {volume: copy, ./conf: shared}\n  profiles: [x]\n  keep: ${KEEP:-always}\n"),
        ("load:\n", "load:\n  poisson: true\n  users_at_least: 4\n  timeout: 1m 30s\n  seed: ${SEED}\n"),
        ("{for: 45s, rate: 40/s}", "{for: 45s, ramp: {from: 1/s, to: 90/m}}"),
        ("{for: 45s, rate: 40/s}", "{for: 45s, spike: {from: 1/s, to: 90/s, after: 1s, for: 2s}}"),
        ("abort:\n", "schedule: {cron: 30 14 * * THU, timezone: Europe/Berlin, skip: ['2026-12-24']}\nabort:\n"),
        ("jitter: 100ms", "jitter: '${JITTER:-1ms}', for: 10s, share: 50%, id: mine"),
        ("  max_duration: 10m\n", ""),
        ("  max_duration: 10m\n", "  blind: 30s\nblast_radius: {services: [worker], edges: ['api->*']}\n"),
        ("after: 5s, for: 10s", "replicas: 50%"),
        ("after: 5s, for: 10s", "replicas: 2"),
    ]
    for old, new in changes:
        assert old in whole
        assert valid(whole.replace(old, new, 1)) == [], new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title:", "titel:"),
        ("400ms", "400"),
        ("latency:", "latncy:"),
        ("rate: 40/s", "rate: 40"),
        ("  max_duration: 10m\n", "  max_duration: 10\n"),
        ("abort:\n", "blast_radius: {service: [api]}\nabort:\n"),
        ("after: 5s, for: 10s", "replicas: half"),
    ],
)
def test_the_schema_refuses_what_the_parser_refuses(checkout: Callable[..., Path], old: str, new: str) -> None:
    assert valid(checkout(old, new).read_text())


def test_every_fault_and_every_expectation_is_in_the_schema_with_its_description() -> None:
    faults, claims = words_at(("phases", 0, "faults", 0)), words_at(("expect", 0))
    assert faults == [cls.word for cls in FAULTS]
    assert claims == [cls.word for cls in EXPECTATIONS]
    for cls in (*FAULTS, *EXPECTATIONS):
        assert drill_schema()["$defs"][cls.__name__]["description"].strip()


def test_defaults_stand_in_the_schema_as_a_person_writes_them() -> None:
    properties = drill_schema()["$defs"]["Load"]["properties"]
    assert properties["timeout"]["default"] == "10s"
    assert drill_schema()["$defs"]["Latency"]["properties"]["share"]["default"] == "100%"


def test_words_are_known_at_every_depth() -> None:
    assert "spawn_rate" in words_at(("load",))
    assert "delay" in words_at(("phases", 3, "faults", 1, "latency"))
    assert words_at(("stack", "data", "db")) == []
    assert json.loads(text())["properties"]["drill"]
