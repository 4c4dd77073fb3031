"""The short torture on a real stack: ten random kills and a few seams; nothing is left of any, and none contradicts the whole run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from matrix.cell import INVALID, OK, Cell, Seen
from matrix.compare import compare
from matrix.torture import CELLS
from matrix.torture.cells import RandomKill, SeamKill
from matrix.torture.play import play

pytestmark = pytest.mark.e2e

AT_ONCE = 2
"""Runs side by side: more of them than the machine has cores would say more of it than of the harness."""
TIMES = 2
"""A run that ended before its instant came, on a machine that was too busy for it, tells nothing: it is played once more."""
SEAMS = (
    "during docker compose up 2",
    "after journal Injecting slow-latency-web->store 1",
    "after docker api pause container 1",
    "during docker rm 1",
)
RANDOM = tuple(cell for cell in CELLS if isinstance(cell, RandomKill))[::11]
"""Ten over the whole life of a run, of every kind of death but the load's alone."""
CHOSEN: tuple[Cell, ...] = (*RANDOM, *(c for c in CELLS if isinstance(c, SeamKill) and c.name in SEAMS))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, docker_engine: None) -> Iterator[Callable[[Cell], Seen]]:
    """A few of them side by side."""
    home = tmp_path_factory.mktemp("torture")

    def played(cell: Cell) -> Seen:
        seen = Seen(None, invalid="not played")
        for number in range(TIMES):
            place = home / f"{cell.name.replace(' ', '-')}-{number}"
            place.mkdir()
            seen = play(cell, place)
            if compare(cell, seen)[0] != INVALID:
                break
        return seen

    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs: dict[str, Future[Seen]] = {cell.name: pool.submit(played, cell) for cell in CHOSEN}
        yield lambda cell: runs[cell.name].result()


@pytest.mark.parametrize("cell", CHOSEN, ids=lambda cell: str(cell.name))
def test_nothing_is_left_of_a_killed_run_and_it_says_nothing_that_the_whole_run_denies(
    told: Callable[[Cell], Seen], cell: Cell
) -> None:
    assert compare(cell, told(cell)) == (OK, ())


def test_ten_random_instants_and_each_of_the_seams_were_chosen() -> None:
    assert len(RANDOM) == 10
    assert {cell.name for cell in CHOSEN} >= set(SEAMS)
    assert any(cell.power for cell in RANDOM) and any(not cell.power for cell in RANDOM)  # noqa: PT018
