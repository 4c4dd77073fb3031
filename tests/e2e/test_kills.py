"""Three of the kills on a real stack: while it starts, with a fault on and the load's process too, and while it is taken down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from matrix.cell import OK, Seen
from matrix.compare import compare
from matrix.kills import CELLS
from matrix.kills.play import play
from matrix.kills.stages import Kill

pytestmark = pytest.mark.e2e


def one(where: str, *, load_too: bool = False) -> Kill:
    """The first kill in a stage."""
    return next(
        cell for cell in CELLS if isinstance(cell, Kill) and where in cell.stage.told and cell.load_too == load_too
    )


KILLS = (one("folder was opened"), one("first phase began", load_too=True), one("load ended"))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, docker_engine: None) -> Iterator[Callable[[Kill], Seen]]:
    """All of them side by side."""
    home = tmp_path_factory.mktemp("kills")

    def played(cell: Kill) -> Seen:
        place = home / cell.name.replace(" ", "-")
        place.mkdir()
        return play(cell, place)

    with ThreadPoolExecutor(len(KILLS)) as pool:
        runs: dict[str, Future[Seen]] = {cell.name: pool.submit(played, cell) for cell in KILLS}
        yield lambda cell: runs[cell.name].result()


@pytest.mark.parametrize("cell", KILLS, ids=lambda cell: str(cell.name))
def test_a_killed_run_leaves_nothing_once_mended_and_says_nothing_that_the_whole_run_denies(
    told: Callable[[Kill], Seen], cell: Kill
) -> None:
    assert compare(cell, told(cell)) == (OK, ())
