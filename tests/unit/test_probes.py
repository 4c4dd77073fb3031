"""Every probe says that it looked, or that it could not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.edges import Edge
from harness.errors import NotApplied
from harness.facts import (
    Blinded,
    ClockRead,
    ContainerChanged,
    ContainerSeen,
    Holding,
    Looked,
    PressureSeen,
    Surveyed,
    Witnessed,
)
from harness.probes import PROBES, probes_for
from harness.probes.clock import ClockProbe
from harness.probes.containers import ContainersProbe
from harness.probes.logs import LogsProbe
from harness.probes.memory import MemoryProbe
from harness.probes.pressure import PressureProbe
from harness.probes.survey import SurveyProbe
from harness.probes.witness import BARE_S, WitnessProbe


class Gone:
    """A handle of which every call fails."""

    def __getattr__(self, name: str) -> Any:
        def fail(*args: object) -> None:
            raise NotApplied("gone")

        return fail


class Clock:
    def __init__(self) -> None:
        self.at_s = 5.0

    def now_s(self) -> float:
        return self.at_s

    def wall_s(self) -> float:
        return 1_700_000_000.0 + self.at_s


class Logs:
    def __init__(self, coverage: Mapping[str, str]) -> None:
        self._coverage = coverage

    def coverage(self) -> Mapping[str, str]:
        return self._coverage


def world(**handles: Any) -> Any:
    return SimpleNamespace(**{"clock": Clock(), "containers": Gone(), "lookout": Gone(), **handles})


def looks(seen: Witnessed) -> Any:
    return SimpleNamespace(look=lambda edge: seen)


def test_the_clock_is_read_twice_at_once() -> None:
    read, looked = ClockProbe().look(world())
    assert read == ClockRead(wall_unix_s=1_700_000_005.0, happened_s=5.0)
    assert looked == Looked(probe="clock")


@pytest.mark.parametrize("waits", [3, 1000])
def test_a_process_that_had_to_wait_between_both_clocks_sees_no_step_where_there_is_none(waits: int) -> None:
    class Busy(Clock):
        left = waits

        def wall_s(self) -> float:
            wall_s = super().wall_s()
            if self.left:
                self.left -= 1
                self.at_s += 2.0
            return wall_s

    facts = ClockProbe().look(world(clock=Busy()))
    for read in facts:
        if isinstance(read, ClockRead):
            assert read.wall_unix_s - read.at_s == 1_700_000_000.0
    assert isinstance(facts[-1], Looked if waits < 10 else Blinded)


def test_a_look_is_dated_by_its_beginning() -> None:
    clock = Clock()

    def look(edge: str) -> Witnessed:
        clock.at_s += 1.5
        return Witnessed(edge=edge, port=1, outcome="hung", speaks="http")

    seen, looked = WitnessProbe("a->b").look(world(clock=clock, lookout=SimpleNamespace(look=look)))
    assert (seen.happened_s, looked) == (5.0, Looked(probe="witness", target="a->b"))


def test_a_blinded_look_is_no_look() -> None:
    seen = Witnessed(edge="a->b", port=1, outcome="blinded", error="a does not run")
    facts = WitnessProbe("a->b").look(world(lookout=looks(seen)))
    assert facts[1:] == (Blinded(probe="witness", target="a->b", error="a does not run"),)
    assert WitnessProbe("a->b").look(world()) == (Blinded(probe="witness", target="a->b", error="gone"),)


def test_a_bare_look_is_made_rarely_and_another_edges_is_not_held_up_by_it() -> None:
    clock = Clock()
    here = world(clock=clock, lookout=looks(Witnessed(edge="a->b", port=1, outcome="answered")))
    probe = WitnessProbe("a->b")
    assert len(probe.look(here)) == 2
    clock.at_s += BARE_S - 0.1
    assert probe.look(here) == ()
    clock.at_s += 0.2
    assert len(probe.look(here)) == 2
    assert probe.gap_s > BARE_S


def test_a_bare_look_that_is_refused_harms_nobody_and_is_made_again_at_once() -> None:
    """A short outage holds enough of them to be seen."""
    here = world(clock=Clock(), lookout=looks(Witnessed(edge="a->b", port=1, outcome="refused")))
    probe = WitnessProbe("a->b")
    assert [len(probe.look(here)) for _ in range(3)] == [2, 2, 2]


def test_a_caller_that_is_gone_for_long_is_looked_for_rarely_and_found_again() -> None:
    clock = Clock()
    outcome = ["blinded"]

    def look(edge: str) -> Witnessed:
        return Witnessed(edge=edge, port=1, outcome=outcome[0], speaks="http")

    here = world(clock=clock, lookout=SimpleNamespace(look=look))
    probe = WitnessProbe("a->b")
    made = 0
    for _ in range(120):
        clock.at_s += probe.every_s
        made += bool(probe.look(here))
    assert 20 < made < 35
    outcome[0] = "answered"
    for _ in range(12):
        clock.at_s += probe.every_s
        seen = probe.look(here)
    assert seen[0] == Witnessed(edge="a->b", port=1, outcome="answered", speaks="http", happened_s=clock.at_s)


def test_a_survey_is_a_look_at_each_edge_that_it_saw() -> None:
    fact = Surveyed(edge="a->b", mediated=3, direct=0)
    lookout = SimpleNamespace(survey=lambda: (fact,))
    assert SurveyProbe().look(world(lookout=lookout)) == (fact, Looked(probe="survey", target="a->b"))
    assert SurveyProbe().look(world()) == (Blinded(probe="survey", target="", error="gone"),)


class Stack:
    def __init__(self, *states: ContainerSeen, lost: bool = False) -> None:
        self.now: Sequence[ContainerSeen] = states
        self.lost = lost

    def states(self) -> Sequence[ContainerSeen]:
        return self.now

    def changes(self) -> Sequence[ContainerChanged]:
        if self.lost:
            raise NotApplied("events are lost")
        return (ContainerChanged(service="db", container="db-1", event="die", exit_code=137),)


def test_a_state_is_written_when_it_is_new_and_every_look_says_that_it_looked() -> None:
    up = ContainerSeen(service="db", container="db-1", status="running")
    down = ContainerSeen(service="db", container="db-1", status="exited", exit_code=137)
    stack = Stack(up)
    probe = ContainersProbe()
    died = stack.changes()[0]
    assert probe.look(world(containers=stack)) == (died, up, Looked(probe="containers"))
    assert probe.look(world(containers=stack)) == (died, Looked(probe="containers"))
    stack.now = (down,)
    assert probe.look(world(containers=stack)) == (died, down, Looked(probe="containers"))


def test_lost_events_blind_nobody_while_the_states_can_be_read() -> None:
    up = ContainerSeen(service="db", container="db-1", status="running")
    assert ContainersProbe().look(world(containers=Stack(up, lost=True))) == (up, Looked(probe="containers"))
    assert ContainersProbe().look(world()) == (Blinded(probe="containers", target="", error="gone"),)


def test_a_container_is_listened_to_only_when_its_log_is_kept() -> None:
    assert LogsProbe(Logs({"api-1": "", "api-2": "driver none"})).look(world()) == (
        Looked(probe="logs", target="api-1"),
        Blinded(probe="logs", target="api-2", error="driver none"),
    )
    gone = Blinded(probe="logs", target="", error="Docker is gone")
    assert LogsProbe(Logs({"": "Docker is gone"})).look(world()) == (gone,)


def test_a_run_has_a_witness_for_each_edge_that_is_mediated_and_one_of_every_other_probe() -> None:
    edges = [
        Edge("a", "b", address="10.0.0.1"),
        Edge("a", "c", address="10.0.0.2", refused="addressed by IP"),
        Edge("a", "d"),
    ]
    probes = probes_for(edges, Logs({}), leaking=("b",), holding=(Holding("b", "threads"),))
    assert {type(probe) for probe in probes} == set(PROBES)
    assert [probe.edge for probe in probes if isinstance(probe, WitnessProbe)] == ["a->b"]
    assert [probe.service for probe in probes if isinstance(probe, MemoryProbe)] == ["b"]
    assert len({hash(probe) for probe in probes}) == len(probes)


def test_pressure_is_read_and_where_there_is_none_that_is_said_once(tmp_path: Path) -> None:
    psi = tmp_path / "cpu"
    psi.write_text(
        "some avg10=1.00 avg60=2.00 avg300=3.00 total=2183143784\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
    )
    assert PressureProbe(psi).look(world()) == (PressureSeen(cpu_some_us=2183143784), Looked(probe="pressure"))
    missing = PressureProbe(tmp_path / "none")
    (blinded,) = missing.look(world())
    assert isinstance(blinded, Blinded)
    assert "no pressure stall information" in blinded.error
    assert missing.look(world()) == ()
