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
from harness.journal import merged
from harness.plan import Injection, PlannedPhase
from harness.run.injector import Injector
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
    """Its injection lasts until `over` is set, as that of a stop with a long grace does."""

    name: str = "db"

    @property
    def target(self) -> str:
        return self.name

    def inject(self, holder: str, world: World) -> Mapping[str, Any]:
        began[self.name].set()
        over[self.name].wait()
        return {}

    def mend(self, holder: str, world: World) -> str:
        if stuck:
            raise NotMended("stuck", (stuck.pop(),))
        return ""


began: dict[str, threading.Event] = {}
over: dict[str, threading.Event] = {}
stuck: list[str] = []


@pytest.fixture(autouse=True)
def fresh() -> None:
    for name in ("db", "cache"):
        began[name], over[name] = threading.Event(), threading.Event()
    stuck.clear()


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
