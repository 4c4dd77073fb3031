"""Every word of a drill file, and every finding that no drill claims and reason code, with what it means: from docstrings and the schema.

Nothing is told here that the parts do not tell themselves. Pure.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from harness.drill import own
from harness.drill.model import Drill
from harness.drill.schema import drill_schema
from harness.faults.toxic import TOXICS
from harness.reasons import REASONS
from harness.unasked import UNASKED

QUIET = """No alert of the stack's own Prometheus fires: `no alert firing`, or `no alert firing except Watchdog, Info*`.

Asked of the gate, and of the stack after each phase; it holds only while Prometheus can be looked at. `recovers` does not
ask it: it is about requests, and an alert that clears later has a claim of its own, alert_clears."""
CONDITIONS = ("errors", "p50", "p95", "p99", "max", "rate")
GUARDS = ("promql", "goodput", "alert", "any alert", "container_died", "host cpu", "host memory", "host disk")


@dataclass(frozen=True)
class Entry:
    """One meaning of a word.

    kind    fault, expectation, condition, guard, key, finding or reason code
    place   where the word stands in a file, such as `steady.within`; '' for what does not stand in one
    text    what it means; several lines
    fields  (word, what it is) of what may stand under it
    """

    word: str
    kind: str
    place: str
    text: str
    fields: tuple[tuple[str, str], ...] = ()


def entries() -> tuple[Entry, ...]:
    """All of them, parts first; those of the user's own that are in use among them."""
    return _entries(own.drill_model())


@cache
def _entries(_model: type[Drill]) -> tuple[Entry, ...]:
    return (*_parts(), *_conditions(), *_keys(), *_findings())


def meanings(word: str) -> tuple[Entry, ...]:
    """Every meaning of a word, of a place such as `steady.within`, or of a finding's name such as `slow/settles`; () for an unknown
    one."""
    wanted = word.strip().lower().rpartition("/")[2]
    found = tuple(entry for entry in entries() if wanted in (entry.word.lower(), entry.place.lower()))
    ours = [entry for entry in entries() if entry.kind == "fault" and entry.word == TOXICS.get(wanted)]
    return (*found, *(replace(entry, text=f"What Toxiproxy calls {wanted}.\n\n{entry.text}") for entry in ours))


def words() -> list[str]:
    """Every word of ours, each once."""
    return list(dict.fromkeys(entry.word for entry in entries()))


def _parts() -> Iterator[Entry]:
    definitions = drill_schema()["$defs"]
    for kind, place, classes in (
        ("fault", "phases.faults", own.faults()),
        ("expectation", "phases.expect", own.expectations()),
    ):
        for part in classes:
            text = inspect.cleandoc(part.__doc__ or "").strip()
            name = definitions[f"{part.word}_"]["properties"][part.word].get("$ref", part.__name__)
            fields = tuple(_fields(definitions[name.rpartition("/")[2]]))
            yield Entry(part.word, kind, f"{place}.{part.word}", text, fields)


def _conditions() -> Iterator[Entry]:
    from harness.stats import condition

    text = inspect.cleandoc(condition.__doc__ or "").strip()
    yield from (Entry(word, "condition", "steady.all", text) for word in CONDITIONS)
    yield Entry("no alert firing", "condition", "steady.all", QUIET)
    yield from _guards()


def _guards() -> Iterator[Entry]:
    from harness.drill import guards

    text = inspect.cleandoc(guards.__doc__ or "").strip()
    yield from (Entry(word, "guard", "abort.any", text) for word in GUARDS)


def _keys() -> Iterator[Entry]:
    schema = drill_schema()
    seen: set[tuple[str, str]] = set()
    for place, name, node in _walk(schema, schema, (), frozenset()):
        inner = _inner(node, schema)
        own = str(node.get("description", ""))
        text = "\n".join(
            filter(None, (own, str(inner.get("description", "")) if inner is not node else "", _form(node)))
        )
        if (name, text) not in seen:  # `after` and `id` mean the same in each fault
            seen.add((name, text))
            yield Entry(name, "key", place, text, tuple(_fields(inner)) if inner.get("properties") else ())


def _findings() -> Iterator[Entry]:
    yield from (Entry(name, "finding", "", text) for name, text in UNASKED.items())
    yield from (Entry(code, "reason code", "", text) for code, text in REASONS.items())


def _walk(
    node: Mapping[str, Any], schema: Mapping[str, Any], path: tuple[str, ...], above: frozenset[str]
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every key that may stand in the file, below its place; the words of faults and expectations are told as parts."""
    for way, names in _ways(node, schema, above):
        for name, inner in way.get("properties", {}).items():
            here = (*path, name)
            if not _is_part(name, path):
                yield ".".join(here), name, inner
            yield from _walk(inner, schema, here, names)


def _ways(
    node: Mapping[str, Any], schema: Mapping[str, Any], above: frozenset[str]
) -> Iterator[tuple[Mapping[str, Any], frozenset[str]]]:
    """A schema with references followed, alternatives and items spread out; never into itself again."""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if name not in above:
            yield from _ways(schema["$defs"][name], schema, above | {name})
        return
    for choice in (*node.get("anyOf", ()), *node.get("allOf", ())):
        yield from _ways(choice, schema, above)
    for many in ("items", "additionalProperties"):  # of a list, of a mapping by names of the user's own
        if isinstance(node.get(many), dict):
            yield from _ways(node[many], schema, above)
    yield node, above


def _is_part(name: str, path: tuple[str, ...]) -> bool:
    if not path or path[-1] not in ("faults", "expect", "then"):
        return False
    return name in {fault.word for fault in own.faults()} | {claim.word for claim in own.expectations()}


def _inner(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The mapping that stands under a key, or the key's own schema."""
    found = [way for way, _ in _ways(node, schema, frozenset()) if way.get("properties")]
    return found[0] if len(found) == 1 else node


def _fields(node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    required = node.get("required", ())
    for name, inner in node.get("properties", {}).items():
        told = [str(inner.get("description", "")), _form(inner), "" if name not in required else "must be there"]
        yield name, "; ".join(filter(None, told))


def _form(node: Mapping[str, Any]) -> str:
    """Its default, and how it may be written."""
    ways = [node, *node.get("anyOf", ())]
    examples = [str(example) for way in ways for example in way.get("examples", ())]
    choices = [str(choice) for way in ways for choice in way.get("enum", ())]
    told = [f"one of {', '.join(choices)}"] if choices else [f"such as {examples[0]}"] if examples else []
    if "default" in node:
        told.append(
            f"{str(node['default']).lower() if isinstance(node['default'], bool) else node['default']} when left out"
        )
    return "; ".join(told)
