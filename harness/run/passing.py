"""Time passes, and what has to be looked after meanwhile is: lease, faults, levers, probes, the load's words, the journal, guards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from harness.facts import Broke, Fact, LoadEnded, LoadSaid
from harness.run import guards
from harness.run.memory import QUIET_S
from harness.run.steady import SteadyLook, look
from harness.run.stop import Stopped

if TYPE_CHECKING:
    from harness.expectations.base import Steady
    from harness.journal import Journal
    from harness.ledger import Rows
    from harness.run.injector import Injector
    from harness.run.lease import Held
    from harness.run.levers import Levers
    from harness.run.recorder import Recorder
    from harness.run.watch import Watch
    from harness.world.handles import World

TICK_S = 0.1
SECOND_S = 1.0
SETTLE_LAG_S = 3.0  # facts about the last second of a window may arrive so late


class Load(Protocol):
    """The load process, as the engine needs it."""

    def begin(self, at_s: float) -> None: ...
    def poll(self) -> list[Fact]: ...
    def stop(self) -> list[Fact]: ...
    def rows(self) -> Rows: ...


class LoadGone(Exception):
    """The load process ended by itself; nothing more can be seen."""


class Stop(Protocol):
    def check(self) -> None: ...


@dataclass
class Passing:
    """`tell` is called each second with a line's worth of state for the display, `tidy` with whether no fault is due.

    phase         what is going on, for the display
    load_began_s  before it no guard looks
    """

    world: World
    load: Load
    record: Recorder
    watch: Watch
    injector: Injector
    stop: Stop
    steady: Steady
    guards: guards.Guards
    max_duration_s: float
    levers: Levers | None
    lease: Held
    tell: Callable[[str, tuple[str, ...], Rows, float], None]
    tidy: Callable[[float, bool], None]
    phase: str = ""
    load_began_s: float = 0.0
    _next_second_s: float = 0.0

    def until(self, until_s: float, done: Callable[[], bool] | None = None, every_s: float = SECOND_S) -> bool:
        """Let time pass; True as soon as `done`, which is asked once in `every_s`, False at `until_s`.

        Raises Stopped when a guard, a person or a broken journal ends the drill, LoadGone when the load is gone.
        """
        clock = self.world.clock
        ask_s = clock.now_s()
        while True:
            now_s = clock.now_s()
            self._tick(now_s)
            if done is not None and now_s >= ask_s:
                ask_s = now_s + every_s
                if done():
                    self.lease.aside()
                    return True
            if now_s >= until_s:
                self.lease.aside()
                return False
            clock.wait_until(min(until_s, now_s + TICK_S))

    def until_steady(self, since_s: float, within_s: float) -> SteadyLook:
        """The steady state has to *begin* within `within_s` and be held for its length."""
        return self.until_held(
            lambda rows, now_s, journal: look(self.steady, rows, since_s, within_s, now_s, journal), since_s + within_s
        )

    def until_held(self, looked: Callable[[Rows, float, Journal | None], SteadyLook], until_s: float) -> SteadyLook:
        """What begins until then is waited for until it has been held."""
        seen = [SteadyLook(False, False, "nothing seen")]

        def told() -> bool:
            journal = self.record.journal() if self.steady.quiet is not None else None  # where the steady state asks it
            seen[0] = looked(self.load.rows(), self.world.clock.now_s(), journal)
            return seen[0].held or seen[0].hopeless

        self.until(until_s + self.steady.for_s + SETTLE_LAG_S, told)
        return seen[0]

    def _tick(self, now_s: float) -> None:
        self.lease.beat()
        self.injector.tick(now_s)
        self.stop.check()
        if self.levers is not None:
            self.levers.tick(now_s)
        self.watch.tick(now_s)
        self._hear(self.load.poll())
        self.record.recall_more()
        if self.record.broken:
            raise Stopped("error", Broke(error=f"the journal is not whole: {self.record.broken}"))
        if now_s >= self._next_second_s:
            self._next_second_s = now_s + SECOND_S
            rows = self.load.rows()
            guards.check_duration(self.max_duration_s, now_s)
            self.guards.check(rows, self.load_began_s, now_s)
            self.tell(self.phase, self.injector.on(), rows, now_s)
            self.tidy(now_s, self.injector.quiet(now_s, QUIET_S))

    def _hear(self, facts: list[Fact]) -> None:
        """What the load says. One that cannot keep its ledger is an error of ours; one that is gone ends the drill."""
        for fact in facts:
            self.record(fact)
        for fact in facts:
            if isinstance(fact, LoadSaid) and fact.kind == "broken":
                raise Stopped("error", Broke(error=f"the load cannot go on: {fact.text}"))
        for fact in facts:
            if isinstance(fact, LoadEnded):
                raise LoadGone(fact.detail)
