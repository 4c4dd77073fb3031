"""The order book's part of a run: what the stack holds before the load begins, and what it holds when all has been done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.errors import CannotRun, Missing
from harness.facts import Fact
from harness.orders.cure import cure
from harness.orders.declared import AGAIN, QUEUE, START, STORE
from harness.run.readings import Reading, Readings
from harness.run.settling import Settling
from harness.run.stop import Stopped

if TYPE_CHECKING:
    from harness.drill.orders import Orders

SAY_S = 10.0  # between two words about what is waited for


@dataclass
class OrderBook:
    """
    orders         by name, as the drill declares them
    claimed        the names of those that a claim is about
    record, say    where facts go, and lines for who watches
    interruptible  around what may be left at once when somebody asks for it (once more, where that ended the run): raises Stopped
    """

    orders: Mapping[str, Orders]
    claimed: Collection[str]
    readings: Readings
    record: Callable[[Fact], object]
    say: Callable[[str], None]
    interruptible: Callable[[], AbstractContextManager[None]]
    _never: dict[str, dict[str, str]] = field(default_factory=dict)
    _began: dict[str, dict[str, Reading]] = field(default_factory=dict)

    def begin(self) -> None:
        """Before the load: what is there already is not ours. A source that cannot be read is no reason to stop yet.

        Raises Stopped.
        """
        with self.interruptible():
            self.readings.afresh()
            for op, orders in self.orders.items():
                for name, source in orders.sources.items():
                    self._found(self.readings.take(op, name, source, START))
        for needed in {cure(error): None for errors in self._never.values() for error in errors.values()}:
            if needed:
                self.say(f"orders: what cannot be read needs {needed}")

    def prove(self) -> None:
        """Before the first fault: what could not be read before the load is tried once more. Raises CannotRun where a claim is lost by it
        already, so that nobody is hurt for nothing; and Stopped.

        It is not lost where rows can be counted, nor where nothing has the source's name yet: with the first that stands in it (a dead
        letter) it may come to be. A store has had orders by then.
        """
        lost: dict[str, list[str]] = {}
        with self.interruptible():
            self.readings.afresh()
            for op, source in [(op, source) for op, sources in self._never.items() for source in sources]:
                reading = self.readings.take(op, source, self.orders[op].sources[source], AGAIN)
                self.record(reading.fact)
                if not reading.fact.error:
                    del self._never[op][source]
                    continue
                self._never[op][source] = reading.fact.error
                later = reading.absent and reading.fact.role != STORE
                if op in self.claimed and reading.fact.counted is None and not later:
                    lost.setdefault(reading.fact.error, []).append(f"{op}: {source}")
        if lost:
            raise CannotRun(
                *(
                    Missing(
                        f"orders {', '.join(names)} could be read neither before the load nor after it began: {error}",
                        cure(error),
                    )
                    for error, names in lost.items()
                )
            )

    def _found(self, reading: Reading) -> None:
        fact = reading.fact
        self.record(fact)
        if fact.error:
            self._never.setdefault(fact.op, {})[fact.source] = fact.error
        elif fact.role == QUEUE and fact.rows:
            self._began.setdefault(fact.op, {})[fact.source] = reading

    def finish(self, unready: str = "") -> None:
        """After the load, the faults out: wait until all is done, and read every source twice. Raises Stopped, the rest cut.

        unready   why that cannot be: then nothing is read
        """
        waiting = [
            Settling(op, one, self.readings, self._never.get(op, {}), self._began.get(op, {}))
            for op, one in self.orders.items()
        ]
        if unready:
            self._cut(waiting, unready)
            return
        self.say(f"orders {', '.join(self.orders)}: waiting until the stack has done its work")
        try:
            with self.interruptible():
                self._settle(waiting)
        except Stopped as end:
            self._cut(waiting, f"cut short ({end.why})")
            raise

    def _settle(self, waiting: list[Settling]) -> None:
        clock = self.readings.clock
        said_s = clock.now_s()
        while open_ := [settling for settling in waiting if settling.settled is None]:
            settling = min(open_, key=lambda one: one.due_s)
            clock.wait_until(settling.due_s)
            if settling.look():
                self._told(settling)
            elif clock.now_s() >= said_s + SAY_S:
                said_s = clock.now_s()
                self.say(f"orders {settling.op}: {settling.waits_for or 'nothing may change for a while'}")

    def _cut(self, waiting: list[Settling], why: str) -> None:
        for settling in waiting:
            if settling.settled is None:
                settling.cut(why)
                self._told(settling)

    def _told(self, settling: Settling) -> None:
        assert settling.settled is not None
        self.record(settling.settled)
        for reading in settling.taken:
            self.record(reading.fact)
