"""Kills: a run that is killed at any instant leaves nothing after `drill mend`, and its cut evidence never contradicts the whole.

Twenty instants, some in every stage of a run's life, drawn once from a seed; every second while there is load takes the load's process with it.
"""

from __future__ import annotations

import random

from matrix.cell import FAILED, INCONCLUSIVE, PASSED, TOLD_ALONE, Cell, Table, Want
from matrix.kills.stages import STAGES, Kill, Stage

SEED = 20261128
WHOLE = {
    "slow-works": Want(PASSED),
    "slow-is-fast": Want(FAILED),
    "slow-recovers": Want(PASSED),
    "gone-is-told": Want(PASSED),
    "gone-works": Want(FAILED),
    "gone-recovers": Want(PASSED),
    "web-stays": Want(PASSED),
    "no-traceback": Want(PASSED),
    "no-error": Want(FAILED, "logged"),
}
"""What the whole run comes to."""
ANY = frozenset({PASSED, FAILED, INCONCLUSIVE})
"""A cut run's findings are held against the whole one by themselves (matrix.kills.cut)."""


def drawn(seed: int, stages: tuple[Stage, ...] = STAGES) -> tuple[Kill, ...]:
    """The instants: `kills` of them in each stage, spread evenly, each at random within its part."""
    chance = random.Random(seed)
    places = [
        (stage, round(stage.length_s * (part + chance.random()) / stage.kills, 2))
        for stage in stages
        for part in range(stage.kills)
    ]

    def too(stage: Stage, number: int) -> bool:
        return stage.loaded and number % 2 == 0

    return tuple(
        Kill(
            name=f"kill {number:02}",
            told=f"killed {after_s:g} s after {stage.told}" + (", and the load's process with it" * too(stage, number)),
            drill="small",
            exit_code=0,
            rest=ANY,
            stage=stage,
            after_s=after_s,
            load_too=too(stage, number),
        )
        for number, (stage, after_s) in enumerate(places, start=1)
    )


CELLS: tuple[Cell, ...] = (Cell("whole", "nothing", "small", exit_code=1, wants=WHOLE), *drawn(SEED))
TABLE = Table(
    name="kills",
    title="Killed at any instant",
    told="""\
A small drill of two faults, killed (SIGKILL) at twenty instants over its whole life, from its first second to the taking
down of its stack. After each kill: `drill judge` on what is there, `drill mend`, and `drill judge` again. A run is right
when nothing of it is left (no container, network, volume or process), when mending again finds nothing to do, when no finding
passed that fails in the whole run nor failed that passes there, and when nothing was decided on a window that was still open.
The exit code is that of `drill mend`; of the whole run, that of `drill run`.""",
    cells=CELLS,
    made_of=("harness", "tests/e2e/projects/shop", *TOLD_ALONE),
)
