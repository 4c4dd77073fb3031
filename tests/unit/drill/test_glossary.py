"""What `drill explain` tells: each name that a verdict has, and examples that the parser takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from harness.drill import announce  # noqa: F401 (a model)
from harness.drill.glossary import meanings, words
from harness.quantities import Model
from harness.target import paging  # noqa: F401 (a model)
from harness.unasked import UNASKED

ROOT = Path(__file__).parents[3] / "harness"


@pytest.mark.parametrize("name", [*UNASKED, "gone/settles", "gone/comes-back"])
def test_a_finding_that_no_drill_claims_is_explained_by_the_name_that_a_verdict_has(name: str) -> None:
    (entry,) = meanings(name)
    assert entry.kind == "finding"
    assert entry.word in words()
    assert "Fails as" in entry.text or "Inconclusive as" in entry.text


def test_every_such_name_in_use_is_known() -> None:
    """A name is made of the constants, and of no text."""
    made = {found for path in ROOT.rglob("*.py") for found in re.findall(r'Judged\(f"([^"]*)"', path.read_text())}
    assert made == {"{phase}/{COMES_BACK}", "{settled.phase}/{SETTLES}", "{RECORD}/{name}"}


def fields() -> Iterator[tuple[type[Model], FieldInfo, Any]]:
    """Each example of each field of what may stand in a file."""
    pending = [Model]
    while pending:
        model = pending.pop()
        pending += model.__subclasses__()
        if not model.__module__.startswith("harness."):
            continue  # another test's own
        shown = model.model_json_schema().get("properties", {})
        for name, field in model.model_fields.items():
            node = shown.get(field.alias or name, {})
            for way in (node, *node.get("anyOf", ())):
                yield from ((model, field, example) for example in way.get("examples", ()))


def test_each_example_is_one_that_is_taken() -> None:
    refused, tried = [], 0
    for model, field, example in fields():
        tried += 1
        whole: Any = field.annotation
        for limit in field.metadata:
            whole = Annotated[whole, limit]
        try:
            TypeAdapter(whole).validate_python(example)
        except ValidationError as error:
            refused.append(f"{model.__name__}.{field.alias}: {example}: {error.errors()[0]['msg']}")
    assert refused == []
    assert tried > 100
