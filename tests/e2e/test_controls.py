"""Two of the controls on the real checkout, on a shortened drill with less load; `make controls` plays all, on the whole one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from matrix.cell import FAILED, INCONCLUSIVE, OK, PASSED, Cell, Seen
from matrix.compare import compare
from matrix.controls import TABLE
from matrix.project import Copy, claim
from matrix.rehearsal import rehearse

pytestmark = pytest.mark.e2e

ANY = frozenset({PASSED, FAILED, INCONCLUSIVE})
"""What else is claimed is the stack's own speed: on a machine that others use too, it is not what these tests are about."""


def quick(drill: Any) -> None:
    """Less load, patience with a busy machine, and a release that has less time to be rolled back in."""
    drill["load"].update(arrivals=[{"for": "1m", "rate": "8/s"}], max_in_flight=100)
    drill["steady"].update({"for": "8s", "all": ["errors < 5%", "p95 < 3s"]})
    for phase in drill["phases"]:
        if phase["name"] == "bad-release":
            phase["for"] = "50s"
            claim(drill, "bad-release", "rolled_back")["within"] = "50s"
        else:
            phase["for"] = "20s"
            for entry in phase["expect"]:
                for settings in entry.values():
                    settings.pop("within", None)


def shortened(name: str) -> Cell:
    cell = TABLE.cell(name)
    assert cell is not None

    def change(copy: Copy) -> None:
        cell.change(copy)
        copy.edit_drill(quick)

    wants = {name: want for name, want in cell.wants.items() if want.reason}  # what the control is about
    return dataclasses.replace(cell, change=change, wants=wants, rest=ANY)


CELLS = {name: shortened(name) for name in ("gagged", "liar")}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, docker_engine: None) -> Iterator[Callable[[str], Seen]]:
    """Both played side by side; what each came to."""
    home = tmp_path_factory.mktemp("controls")
    with ThreadPoolExecutor(len(CELLS)) as pool:
        runs: dict[str, Future[Seen]] = {name: pool.submit(rehearse, cell, home / name) for name, cell in CELLS.items()}
        yield lambda name: runs[name].result()


@pytest.mark.parametrize("name", sorted(CELLS))
def test_what_is_broken_on_purpose_is_found_with_its_own_reason(told: Callable[[str], Seen], name: str) -> None:
    seen = told(name)
    assert not seen.invalid
    assert CELLS[name].wants
    assert compare(CELLS[name], seen) == (OK, ())
