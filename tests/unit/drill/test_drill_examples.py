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
from harness.expectations.state_restored import StateRestored
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


@pytest.mark.parametrize(
    "cls", [*FAULTS, *(one for one in EXPECTATIONS if one is not StateRestored)], ids=lambda cls: cls.word
)
def test_the_example_in_the_docstring_decodes(cls: type[Any], checkout: Callable[..., Path]) -> None:
    found = examples(cls)
    assert found, f"{cls.__name__} shows no YAML that makes it"
    for text in found:
        phase = {"name": "example", "for": "60s", **yaml.safe_load(text)}
        drill = parse(checkout(), sets=[f"phases.1={yaml.safe_dump(phase, default_flow_style=True, width=10000)}"])
        made = drill.phases[1]
        assert cls in {type(item) for item in (*made.faults, *made.expect, *made.then)}


def test_the_example_of_a_claim_about_the_end_of_the_run_decodes_under_the_drills_own_expect(
    checkout: Callable[..., Path],
) -> None:
    (text,) = examples(StateRestored)
    claims = yaml.safe_dump(yaml.safe_load(text)["expect"], default_flow_style=True, width=10000)
    parts = "{schema: {command: {run: [cat, schema]}}, parked: {command: {run: [cat, parked]}}}"
    drill = parse(checkout(), sets=[f"expect={claims}", f"state={parts}"])
    assert [type(one) for one in drill.expect] == [StateRestored] * 3
