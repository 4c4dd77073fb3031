"""A watch looks on its intervals, and at its end once more as soon as what happened until then can be told."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.facts import Fact, Looked
from harness.fakeworld import FakeWorld, InlineWatch
from harness.run.watch import ThreadedWatch
from harness.world.handles import World


class RealClock:
    def now_s(self) -> float:
        return time.monotonic()

    def wait_until(self, at_s: float) -> None:
        time.sleep(max(0.0, at_s - self.now_s()))


@dataclass(eq=False)
class Slow:
    """A probe that notes when its looks began."""

    name: str = "slow"
    every_s: float = 30.0
    gap_s: float = 60.0
    lag_s: float = 0.3
    begun_s: list[float] = field(default_factory=list)

    def look(self, world: World) -> Sequence[Fact]:
        self.begun_s.append(world.clock.now_s())
        return (Looked(probe=self.name),)


def world() -> World:
    fake = FakeWorld()
    return World(
        clock=RealClock(),
        proxies=fake.proxies,
        containers=fake.containers,
        lookout=fake.lookout,
        releases=fake.releases,
        commands=fake.commands,
        people=fake.people,
    )


def test_the_last_look_of_each_probe_begins_its_lag_after_the_end_and_no_interval_is_waited_for() -> None:
    early, late, facts = Slow(lag_s=0.0), Slow(lag_s=0.3), []
    watch = ThreadedWatch((early, late), world(), facts.append)
    watch.start()
    while len(facts) < 2:
        time.sleep(0.01)
    end_s = time.monotonic()
    watch.end(end_s)
    for thread in list(watch._threads):
        thread.join(10)
    assert watch.ended
    assert [len(early.begun_s), len(late.begun_s)] == [2, 2]
    assert early.begun_s[-1] >= end_s
    assert late.begun_s[-1] >= end_s + late.lag_s
    watch.close()


def test_looks_on_the_way_to_a_late_end_keep_their_interval() -> None:
    probe = Slow(every_s=0.1, lag_s=0.5)
    watch = ThreadedWatch((probe,), world(), lambda fact: None)
    watch.start()
    while not probe.begun_s:
        time.sleep(0.01)
    end_s = time.monotonic()
    watch.end(end_s)
    for thread in list(watch._threads):
        thread.join(10)
    assert len([at_s for at_s in probe.begun_s if at_s > end_s]) >= 3
    watch.close()


def test_a_watch_that_is_closed_does_not_wait_for_its_last_looks() -> None:
    probe = Slow(lag_s=1e6)
    watch = ThreadedWatch((probe,), world(), lambda fact: None)
    watch.start()
    while not probe.begun_s:
        time.sleep(0.01)
    watch.end(time.monotonic())
    assert not watch.ended
    watch.close()
    assert watch.ended
    assert len(probe.begun_s) == 1


def test_the_watch_on_the_fake_clock_ends_the_same_way() -> None:
    fake, facts = FakeWorld(), []
    watch = InlineWatch((Slow(every_s=10.0, lag_s=2.0),), fake.world, facts.append)
    watch.start()
    watch.tick(0.0)
    watch.end(1.0)
    watch.tick(2.9)
    assert not watch.ended
    watch.tick(3.0)
    assert watch.ended
    assert len(facts) == 2
