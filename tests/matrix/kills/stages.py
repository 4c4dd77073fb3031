"""The stages of a run's life, each told by the fact that it begins with, and how a kill is placed in one."""

from __future__ import annotations

from dataclasses import dataclass

from harness.facts import Closed, Fact, LoadBegan, LoadEnded, LoadReady, Opened, PhaseBegan, PhaseEnded
from harness.journal import Journal
from matrix.cell import Cell


@dataclass(frozen=True)
class Stage:
    """
    told      what it begins with, for the table
    fact      that it begins with, the `number`th of them; None where the command's own words tell, or its start
    said      what the command says when it begins
    length_s  about how long it is on a quiet machine: instants are drawn from so much of it
    kills     how many of the kills fall into it
    loaded    whether the load has a process in it
    """

    told: str
    fact: type[Fact] | None
    length_s: float
    kills: int
    number: int = 1
    loaded: bool = True
    said: str = ""

    def begun(self, journal: Journal, said: str) -> bool:
        return self.said in said and (self.fact is None or len(journal.of(self.fact)) >= self.number)


STAGES = (
    Stage("the command's start", None, 3.0, 2, loaded=False),
    Stage("the run's folder was opened", Opened, 5.0, 2, loaded=False),
    Stage("the stack's services were being started", None, 4.0, 2, loaded=False, said="starting the stack"),
    Stage("the load's users were ready", LoadReady, 0.3, 1),
    Stage("the first request was due", LoadBegan, 4.0, 2),
    Stage("the first phase began", PhaseBegan, 35.0, 3),
    Stage("the first phase ended", PhaseEnded, 4.0, 1),
    Stage("the second phase began", PhaseBegan, 30.0, 3, number=2),
    Stage("the second phase ended", PhaseEnded, 4.0, 1, number=2),
    Stage("the load ended", LoadEnded, 4.0, 2, loaded=False),
    Stage("everything was taken down", Closed, 0.3, 1, loaded=False),
)


@dataclass(frozen=True)
class Kill(Cell):
    """A run that is killed `after_s` into a stage; `load_too`: the load's own process at the same time."""

    stage: Stage = STAGES[0]
    after_s: float = 0.0
    load_too: bool = False
