"""Injecting and mending on time, whatever else is going on at that instant."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.errors import NotMended
from harness.facts import Fact, Injected, Injecting, Mended, NotInjected
from harness.fakeworld import FakeWorld
from harness.faults.base import Fault
from harness.faults.command import Command
from harness.journal import merged
from harness.plan import Injection, PlannedPhase
from harness.run import taking_out
from harness.run.injector import Injector
from harness.run.taking_out import chains, side_by_side
from harness.safety.openfaults import open_faults
from harness.world.handles import World


@dataclass
class Tape:
    """What was recorded; all of it at second 1."""

    facts: list[Fact] = field(default_factory=list)

    def __call__(self, fact: Fact, *, durable: bool = False) -> Fact:
        self.facts.append(fact)
        return fact

    def of(self, *kinds: type[Fact]) -> list[Fact]:
        return [fact for fact in self.facts if isinstance(fact, kinds)]


class Starter:
    """Holds what it was given until `call` lets it go."""

    def __init__(self) -> None:
        self.given: list[Callable[[], None]] = []

    def at(self, due_s: float, fn: Callable[[], None]) -> Future[None]:
        self.given.append(fn)
        return Future()

    def call(self) -> None:
        given, self.given = self.given, []
        for fn in given:
            fn()


class Slow(Fault):
    """Its injection lasts until `over` is set, as that of a stop with a long grace does; `hasten` sets it."""

    name: str = "db"

    @property
    def target(self) -> str:
        return self.name

    def inject(self, holder: str, world: World) -> Mapping[str, Any]:
        began[self.name].set()
        over[self.name].wait()
        return {}

    def hasten(self, world: World) -> None:
        hastened.append(self.name)
        over[self.name].set()

    def mend(self, holder: str, world: World) -> str:
        if stuck:
            raise NotMended("stuck", (stuck.pop(),))
        return ""


began: dict[str, threading.Event] = {}
over: dict[str, threading.Event] = {}
stuck: list[str] = []
hastened: list[str] = []


@pytest.fixture(autouse=True)
def fresh() -> None:
    for name in ("db", "cache"):
        began[name], over[name] = threading.Event(), threading.Event()
    stuck.clear()
    hastened.clear()


def phase(*names: str, length_s: float = 10.0) -> PlannedPhase:
    injections = tuple(Injection(f"p/slow-{name}", Slow(name=name), 0.0, length_s, "") for name in names)
    return PlannedPhase("p", length_s, injections, (), 0, 0, 0, 0)


def injector() -> tuple[Injector, Tape, Starter]:
    tape, starter = Tape(), Starter()
    return Injector(FakeWorld().world, tape, starter), tape, starter


def test_an_injection_that_takes_long_holds_up_neither_the_others_nor_the_look_at_guards_and_signals() -> None:
    made, tape, starter = injector()
    made.arm(phase("db"), 0.0)
    made.tick(0.0)
    (inject,) = starter.given
    thread = threading.Thread(target=inject, daemon=True)
    thread.start()
    began["db"].wait()
    starter.given.clear()
    made.arm(phase("cache"), 0.0)
    made.tick(0.0)  # would never return if it waited for the injection
    assert [type(fact) for fact in tape.facts] == [Injecting, Injecting]
    made.tick(10.0)
    assert len(starter.given) == 2, "the injection of the other, and its mend; the first one's is armed once it is on"
    over["db"].set()
    thread.join()
    made.tick(10.0)
    assert len(starter.given) == 3
    assert tape.of(Injected)


def test_whoever_ends_a_drill_waits_for_no_injection_that_is_under_way_and_hurries_no_other() -> None:
    made, tape, starter = injector()
    over["cache"].set()
    made.arm(phase("db", "cache"), 0.0)
    made.tick(0.0)
    db, cache = starter.given
    cache()
    thread = threading.Thread(target=db, daemon=True)
    thread.start()
    began["db"].wait()
    assert made.mend_all("halt") == ()
    assert hastened == ["db"]
    assert {fact.fault for fact in tape.of(Mended) if isinstance(fact, Mended)} == {"p/slow-db", "p/slow-cache"}


def test_what_was_announced_and_is_not_injected_any_more_is_out_in_the_journal_too() -> None:
    made, tape, starter = injector()
    made.arm(phase("db"), 0.0)
    made.tick(0.0)
    made.mend_all("halt")
    starter.call()
    assert [type(fact) for fact in tape.facts] == [Injecting, NotInjected, Mended]
    assert not began["db"].is_set()
    assert open_faults(merged(tape.facts)) == ()


def test_a_mend_that_lets_go_at_the_second_try_takes_nothing_from_the_next_phase() -> None:
    made, tape, starter = injector()
    for event in over.values():
        event.set()
    made.arm(phase("db"), 0.0)
    stuck.append("docker start db")
    made.tick(0.0)
    starter.call()
    made.tick(10.0)
    starter.call()
    assert made.stuck() == ("p/slow-db",)
    assert made.mend_due() == ()
    made.arm(phase("cache"), 20.0)
    made.tick(20.0)
    starter.call()
    assert [fact.fault for fact in tape.facts if isinstance(fact, Injected)] == ["p/slow-db", "p/slow-cache"]
    made.mend_all("plan")
    assert open_faults(merged(tape.facts)) == ()


def test_once_the_lease_has_lapsed_what_was_announced_is_not_injected() -> None:
    tape, starter, lapsed = Tape(), Starter(), [False]
    made = Injector(FakeWorld().world, tape, starter, lambda: lapsed[0])
    made.arm(phase("db"), 0.0)
    made.tick(0.0)
    lapsed[0] = True
    starter.call()
    assert [type(fact) for fact in tape.facts] == [Injecting, NotInjected, Mended]
    assert not began["db"].is_set()
    assert open_faults(merged(tape.facts)) == ()


def test_each_fault_is_taken_out_while_another_does_not_let_go_and_has_its_own_time() -> None:
    """A stop whose mend hangs, beside one that is quick: the quick one waits for nobody, and the run's lease is told of each end."""
    tape, starter = Tape(), Starter()
    quick_is_out, slow_may_go = threading.Event(), threading.Event()
    told: list[int] = []

    class Hangs(Slow):
        def mend(self, holder: str, world: World) -> str:
            if self.name == "cache":
                quick_is_out.set()
            else:
                slow_may_go.wait(10)
            return ""

    made = Injector(
        FakeWorld().world, tape, starter, take_out=side_by_side, goes_on=lambda: told.append(len(tape.of(Mended)))
    )
    for event in over.values():
        event.set()
    injections = tuple(Injection(f"p/{name}", Hangs(name=name), 0.0, 10.0, "") for name in ("db", "cache"))
    made.arm(PlannedPhase("p", 10.0, injections, (), 0, 0, 0, 0), 0.0)
    made.tick(0.0)
    starter.call()
    ending = threading.Thread(target=made.mend_all, args=("halt",))
    ending.start()
    assert quick_is_out.wait(5), "it waited for the one that hangs"
    slow_may_go.set()
    ending.join()
    assert open_faults(merged(tape.facts)) == ()
    assert len(told) == 3, "before, and at the end of each"
    assert told[-1] == 2


def test_what_touches_the_same_service_is_taken_out_one_after_the_other() -> None:
    assert sorted(chains([("db",), ("cache",), ("db",)])) == [[0, 2], [1]]


def test_those_that_name_no_service_are_one_chain_and_a_release_of_two_joins_theirs() -> None:
    commands = [Command(name=name, run=("true",)) for name in ("one", "two")]
    faults = (Slow(name="db"), *commands, Slow(name="cache"), Slow(name="db+cache"))
    assert sorted(chains([fault.targets for fault in faults])) == [[0, 3, 4], [1, 2]]


def test_edges_get_a_head_start_and_what_comes_after_them_waits_no_longer_than_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(taking_out, "HEAD_START_S", 0.2)
    went: list[str] = []
    undone = threading.Event()

    def wedged() -> None:
        assert undone.wait(5), "the undo waited for a wedged edge"
        went.append("edge")

    def undo() -> None:
        went.append("undo")
        undone.set()

    side_by_side([wedged], [undo], lambda: None)
    side_by_side([lambda: went.append("quick edge")], [lambda: went.append("undo")], lambda: None)
    assert went == ["undo", "edge", "quick edge", "undo"]


def test_it_is_quiet_where_no_fault_begins_or_ends_soon() -> None:
    made, _, _ = injector()
    made.arm(phase("db", length_s=10.0), 20.0)
    assert [made.quiet(at_s, 1.0) for at_s in (18.5, 19.5, 20.5, 25.0, 29.5, 31.5)] == [
        True,
        False,
        False,
        True,
        False,
        True,
    ]
    made.mend_all("halt")
    assert made.quiet(29.5, 1.0)
