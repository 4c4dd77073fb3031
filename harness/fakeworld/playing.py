"""A drill file played on the fake world, from its gate to its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.bounded import asked_within
from harness.drill.parse import parse
from harness.expectations.base import Steady
from harness.fakeworld.watch import InlineWatch
from harness.fakeworld.world import FakeWorld
from harness.journal import Journal
from harness.judge import judge
from harness.parts import in_use
from harness.plan import make_plan
from harness.probes.clock import ClockProbe
from harness.probes.containers import ContainersProbe
from harness.probes.survey import SurveyProbe
from harness.probes.witness import WitnessProbe
from harness.run.engine import Engine
from harness.run.injector import Injector
from harness.run.recorder import Recorder
from harness.testing import WrittenLogs
from harness.verdict import Verdict


class _Nobody:
    def check(self) -> None:
        """Nobody asks for the end."""


@dataclass(frozen=True)
class Played:
    """`journal` is what was written and seen, `verdict` what it came to."""

    journal: Journal
    verdict: Verdict


def play(file: Path, world: FakeWorld, folder: Path) -> Played:
    """Play a drill on a world that has its edges and services; facts go to the folder. Takes milliseconds, and no Docker.

    The probes are the usual ones and those of the user's own. Raises Invalid for a drill that is none, or that could never be decided.
    """
    drill = parse(file)
    plan = make_plan(drill)
    plan.refuse()
    record = Recorder(folder, world.clock.now_s)
    witnesses = (WitnessProbe(edge=edge) for edge in world.edges)
    probes = (ClockProbe(), ContainersProbe(), SurveyProbe(), *witnesses, *(made() for made in in_use.of_kind("probe")))
    logs = WrittenLogs()
    Engine(
        plan=plan,
        world=world.world,
        load=world.load,
        record=record,
        watch=InlineWatch(probes, world.world, record),
        injector=Injector(world.world, record, world.clock, lambda: None),
        stop=_Nobody(),
        steady=Steady(drill.steady.for_s, drill.steady.conditions, drill.steady.quiet),
        logs=logs,
        limits=drill.abort.any,
    ).run()
    record.close()
    journal = record.journal()
    return Played(journal, judge(drill, plan.all_claims, journal, world.load.rows(), logs, over=True, ask=asked_within))
