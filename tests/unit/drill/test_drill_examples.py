"""The YAML in each fault's and each expectation's docstring is a drill's: it decodes, and to that very class."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.drill.parse import parse
from harness.expectations import EXPECTATIONS
from harness.faults import FAULTS
from harness.plan import make_plan

DRILLS = sorted((Path(__file__).parents[3] / "drills").glob("*.y*ml"))


def examples(cls: type[Any]) -> list[str]:
    """Indented blocks of a docstring that begin with a word of a phase."""
    blocks: list[list[str]] = [[]]
    for line in inspect.cleandoc(cls.__doc__ or "").splitlines():
        if line.startswith("    ") or (not line.strip() and blocks[-1]):
            blocks[-1].append(line)
        else:
            blocks.append([])
    texts = [textwrap.dedent("\n".join(block)).strip() for block in blocks]
    return [text for text in texts if text.partition(":")[0] in ("faults", "expect", "then")]


@pytest.mark.parametrize("path", DRILLS, ids=lambda path: path.stem)
def test_every_drill_of_this_project_makes_a_plan_without_a_problem(path: Path) -> None:
    assert make_plan(parse(path)).problems == ()


@pytest.mark.parametrize("cls", [*FAULTS, *EXPECTATIONS], ids=lambda cls: cls.word)
def test_the_example_in_the_docstring_decodes(cls: type[Any], checkout: Callable[..., Path]) -> None:
    found = examples(cls)
    assert found, f"{cls.__name__} shows no YAML that makes it"
    for text in found:
        phase = {"name": "example", "for": "60s", **yaml.safe_load(text)}
        drill = parse(checkout(), sets=[f"phases.1={yaml.safe_dump(phase, default_flow_style=True, width=10000)}"])
        made = drill.phases[1]
        assert cls in {type(item) for item in (*made.faults, *made.expect, *made.then)}
