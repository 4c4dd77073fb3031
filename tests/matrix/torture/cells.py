"""The cells of the table: a kill at each seam, kills at random instants, and faults upon what the harness stands on."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from harness.facts import Closed, LoadBegan, LoadEnded, LoadReady, Opened, PhaseBegan, PhaseEnded
from matrix.cell import FAILED, INCONCLUSIVE, PASSED, Cell, Want
from matrix.kills.stages import Stage
from matrix.torture.seams import BEFORE, Seam

SEED = 20261129
RANDOM = 100
LISTED = Path(__file__).with_name("seams.txt")
"""The seams of one whole run, in the order in which they came; the whole run of the table says when it is out of date."""
WHOLE = {
    "slow-works": Want(PASSED),
    "slow-is-fast": Want(FAILED),
    "gone-is-told": Want(PASSED),
    "gone-works": Want(FAILED),
    "gone-recovers": Want(PASSED),
    "no-traceback": Want(PASSED),
    "no-error": Want(FAILED, "logged"),
}
"""What the whole run comes to."""
ANY = frozenset({PASSED, FAILED, INCONCLUSIVE})
"""A cut run's findings are held against the whole one by themselves (matrix.kills.cut)."""

LIFE = (
    Stage("the command's start", None, 2.0, 0, loaded=False),
    Stage("the run's folder was opened", Opened, 4.0, 0, loaded=False),
    Stage("the stack's services were being started", None, 5.0, 0, loaded=False, said="starting the stack"),
    Stage("the load's users were ready", LoadReady, 0.3, 0),
    Stage("the first request was due", LoadBegan, 2.5, 0),
    Stage("the slow edge began", PhaseBegan, 6.0, 0),
    Stage("the stopped service began", PhaseBegan, 9.0, 0, number=2),
    Stage("the stopped service was over", PhaseEnded, 4.0, 0, number=2),
    Stage("the release began", PhaseBegan, 6.0, 0, number=3),
    Stage("the release was over", PhaseEnded, 4.0, 0, number=3),
    Stage("the load ended", LoadEnded, 3.0, 0, loaded=False),
    Stage("everything was taken down", Closed, 0.3, 0, loaded=False),
)
"""A run's stages with their lengths on a quiet machine: instants are drawn evenly over all of it."""


NOWHERE = Seam(BEFORE, "", 1)


@dataclass(frozen=True)
class SeamKill(Cell):
    """The harness killed at one seam, by itself."""

    seam: Seam = NOWHERE


@dataclass(frozen=True)
class RandomKill(Cell):
    """
    The harness killed at an instant.

    stage, after_s  where: so long after what the stage begins with
    load            its process dies too; with `harness` False it dies alone
    watchdog        dies in the same instant, and Docker starts it again
    power           the machine: with them every helper's process, and the files' ends
    """

    stage: Stage = LIFE[0]
    after_s: float = 0.0
    harness: bool = True
    load: bool = False
    watchdog: bool = False
    power: bool = False
    seed: int = 0


def seam_kills(listed: Path = LISTED) -> tuple[SeamKill, ...]:
    """One for each seam in the list."""
    return tuple(
        SeamKill(
            str(seam), f"killed {seam.when} `{seam.what}`, number {seam.number}", "torture", 0, rest=ANY, seam=seam
        )
        for seam in map(Seam.of, listed.read_text().splitlines())
    )


def random_kills(seed: int = SEED, count: int = RANDOM) -> tuple[RandomKill, ...]:
    """Spread evenly over the life of a run, each at random within its part. Every second one takes the watchdog with it, every
    fourth is a power cut; of the others some take the load with them, or are the load's death alone."""
    chance = random.Random(seed)
    life_s = sum(stage.length_s for stage in LIFE)
    kills = []
    for number in range(1, count + 1):
        stage, after_s = _place(life_s * (number - 1 + chance.random()) / count)
        watchdog, power = number % 2 == 0, number % 4 == 0
        alone = stage.loaded and number % 10 == 3
        load = power or alone or (stage.loaded and number % 3 == 0)
        died = ["the harness"] * (not alone) + ["the load"] * load + ["the watchdog"] * watchdog
        who = "a power cut" if power else f"{' and '.join(died)} killed"
        kills.append(
            RandomKill(
                name=f"random {number:03}",
                told=f"{who} {after_s:g} s after {stage.told}",
                drill="torture",
                exit_code=0,
                rest=ANY,
                stage=stage,
                after_s=after_s,
                harness=not alone,
                load=load,
                watchdog=watchdog,
                power=power,
                seed=seed + number,
            )
        )
    return tuple(kills)


def _place(at_s: float) -> tuple[Stage, float]:
    """The stage that an instant of a run's life falls into, and how far into it."""
    for stage in LIFE:
        if at_s < stage.length_s:
            return stage, round(at_s, 2)
        at_s -= stage.length_s
    return LIFE[-1], LIFE[-1].length_s
