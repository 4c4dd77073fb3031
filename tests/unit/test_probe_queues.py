"""Queues are looked at once for each fault, a little after it began, and never otherwise: who reads must not become the stack's load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.drill.orders import Source
from harness.errors import NotApplied
from harness.facts import SourceRead
from harness.fakeworld import FakeClock, FakeWorld
from harness.probes.queues import AFTER_S, QueuesProbe
from harness.run.readings import Readings

WAITING = Source.model_validate({"is": "queue", "redis": {"service": "redis", "list": "q:tickets"}})


def test_each_fault_is_worth_one_look_at_each_queue() -> None:
    world, on = FakeWorld(), list[str]()
    probe = QueuesProbe(
        [lambda: SourceRead(op="bookings", source="waiting", role="queue", reading="amid", rows=len(on))], lambda: on
    )

    def looks(for_s: float) -> list[int]:
        found: list[Any] = []
        end_s = world.clock.now_s() + for_s
        while world.clock.now_s() < end_s:
            found += probe.look(world.world)
            world.clock.wait_until(world.clock.now_s() + probe.every_s)
        return [one.rows for one in found]

    assert looks(10) == []
    on.append("a")
    assert looks(AFTER_S - 0.5) == []
    assert looks(10) == [1]
    on.append("b")
    assert looks(10) == [2]
    on.clear()
    assert looks(10) == []


def test_a_queue_is_counted_without_a_mark_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    def never(reader: object) -> Iterator[Any]:
        raise AssertionError("it leaves a mark")

    def gone(reader: object) -> Iterator[Any]:
        yield {"id": "1"}
        raise NotApplied("redis is stopped")

    there = Readings(tmp_path, FakeClock(), never, lambda reader: iter([{"id": "1"}, {"id": "2"}]))
    fact = there.count("bookings", "waiting", WAITING, "amid")
    assert (fact.role, fact.reading, fact.rows, fact.most, fact.error) == ("queue", "amid", 2, 2, "")
    fact = Readings(tmp_path, FakeClock(), never, gone).count("bookings", "waiting", WAITING, "amid")
    assert (fact.rows, fact.most, fact.error) == (0, 0, "redis is stopped")
    assert not list(tmp_path.iterdir())
