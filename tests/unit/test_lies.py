"""The table of planted lies: each is a variable of the image, off by default, told, and found by claims that the drills make."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from matrix.cell import FAILED, INVALID, OK, PASSED, Cell, Table, Want
from matrix.grid import grid
from matrix.lies import TABLE
from matrix.lies.lie import Lie, cell
from matrix.record import Line
from matrix.rollbacks import TABLE as ROLLBACKS

from harness.drill.parse import parse
from harness.plan import make_plan

ROOT = Path(__file__).parents[2]
CHECKOUT = ROOT / "compose" / "checkout"
DEFECTS = re.findall(r"^(\w+) = _on\(\"(\w+)\"\)$", (CHECKOUT / "app/checkout/defects.py").read_text(), re.MULTILINE)


def test_every_defect_is_a_variable_that_the_file_hands_on_empty_and_the_readme_tells() -> None:
    assert DEFECTS
    compose, readme = (CHECKOUT / "compose.yaml").read_text(), (CHECKOUT / "README.md").read_text()
    for name, variable in DEFECTS:
        assert name == variable
        assert f"DEFECT_{name}: ${{DEFECT_{name}:-}}\n" in compose
        assert f"| `DEFECT_{name}` |" in readme
    assert len(re.findall(r"^  DEFECT_\w+:", compose, re.MULTILINE)) == len(DEFECTS)


def test_every_defect_is_planted_and_nothing_else_is() -> None:
    planted = {name for one in (*TABLE.cells, *ROLLBACKS.cells) for name in one.environ if name.startswith("DEFECT_")}
    assert planted == {f"DEFECT_{name}" for name, _ in DEFECTS}


@pytest.mark.parametrize("one", TABLE.cells, ids=lambda one: one.name)
def test_what_must_be_found_is_claimed_by_the_drill(one: Cell) -> None:
    claimed = {claim.id for claim in make_plan(parse(ROOT / "drills" / f"{one.drill}.yaml")).all_claims}
    assert set(one.wants) <= claimed


def test_the_honest_service_is_run_five_times_and_each_lie_twice() -> None:
    assert {one.times for one in TABLE.cells if not one.environ} == {5}
    assert {one.times for one in TABLE.cells if one.environ} == {2}
    assert {one.exit_code for one in TABLE.cells if not one.environ} == {0}


def test_two_lies_that_one_claim_would_find_are_no_run() -> None:
    one, other = (Lie(name, "", {"run/x": Want(FAILED, name)}) for name in ("A", "B"))
    with pytest.raises(ValueError, match="two lies of one claim"):
        cell("d", "both", one, other)


def line(name: str, result: str, **seen: str) -> Line:
    return Line("2026-11-28T20:00:00Z", name, 1, "c", False, result, 1, 1, 90.0, 1.0, seen=seen)


def test_the_grid_tells_what_each_claim_said_and_marks_the_diagonal() -> None:
    lies = Cell("lies", "", "d", 1, wants={"a": Want(FAILED, "lying")}, times=2)
    table = Table("t", "", "", (Cell("honest", "", "d", 0), lies), grid=True)
    lines = [
        line("honest", OK, a="passed met", b="passed met"),
        line("lies", OK, a="failed lying", b="passed met"),
        line("lies", OK, a="failed lying", b="failed late"),
        line("lies", INVALID, a="inconclusive invalid_run", b="failed late"),
    ]
    text = "\n".join(grid(table, lines))
    assert "| | runs | `a` | `b` |" in text
    assert "| honest | 1 | passed | passed |" in text
    assert "| lies | 2 | **failed lying** | passed met (1 of 2), failed late (1 of 2) |" in text


def test_a_cell_that_was_not_run_is_empty_and_without_runs_there_is_no_grid() -> None:
    table = Table("t", "", "", (Cell("honest", "", "d", 0), Cell("lies", "", "d", 1)), grid=True)
    assert list(grid(table, [])) == []
    assert "| lies | 0 |  |" in "\n".join(grid(table, [line("honest", OK, a=f"{PASSED} met")]))


def test_a_table_without_a_grid_has_none() -> None:
    assert TABLE.grid
    assert not dataclasses.replace(TABLE, grid=False).grid
