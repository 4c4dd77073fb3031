"""Waiting until a stack has done all that the load left it to do: its queues as empty as before, and nothing changing for a while.

The sources are read again and again. The readings at the beginning and at the end of the quiet stretch are the two that are
judged: so long apart, and alike. Where it does not come to rest in time, two readings so long apart are taken of what there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from harness.facts import OrdersSettled
from harness.orders.declared import FIRST, QUEUE, SECOND
from harness.orders.readers import MARKED
from harness.run.backlog import Backlog
from harness.run.readings import Reading, Readings, Sourced

PAUSES = 5  # looks in a quiet stretch, at most
SHORTEST_S = 0.5
SHARE = 4  # times as long as a look took, none is taken: reading must not become the stack's load


class Limits(Protocol):
    """How long nothing may change, and how long that is waited for at most."""

    @property
    def quiet_s(self) -> float: ...
    @property
    def within_s(self) -> float: ...


class Settled(Protocol):
    """What is waited for: an order book, or the stack's state."""

    @property
    def settle(self) -> Limits: ...
    @property
    def sources(self) -> Mapping[str, Sourced]: ...


@dataclass(frozen=True)
class Look:
    """All sources of an order book, read one after another from `began_s` to `ended_s`. `waiting`: by queue, how many rows wait that did
    not before the load."""

    readings: dict[str, Reading]
    began_s: float
    ended_s: float
    waiting: Mapping[str, int]

    def unlike(self, other: Look) -> list[str]:
        """The sources that do not hold the same as then."""
        return [name for name, one in other.readings.items() if self.readings[name].content != one.content]


class Settling:
    """One order book, waited for from now on. `look` at `due_s`, until it says that this was the last.

    never   the errors of sources that could not be read before the load either: they are not waited for
    began   the readings of queues before the load: what waited then is not waited for
    """

    def __init__(
        self,
        op: str,
        orders: Settled,
        readings: Readings,
        never: Mapping[str, str],
        began: Mapping[str, Reading] = MappingProxyType({}),
    ) -> None:
        self.op = op
        self._orders = orders
        self._readings = readings
        self._never = never
        self._backlog = Backlog(readings, began)
        self._began_s = self.due_s = readings.clock.now_s()
        self._first: Look | None = None
        self._second: Look | None = None
        self._over = False
        self.settled: OrdersSettled | None = None
        self.waits_for = ""

    @property
    def taken(self) -> tuple[Reading, ...]:
        """The first and the second reading of each source, once settled."""
        looks = (self._first, self._second)
        return tuple(reading for look in looks if look is not None for reading in look.readings.values())

    def look(self) -> bool:
        """Read all sources; True when nothing is left to wait for."""
        if self._first is None:
            self._first = self._read(FIRST)
            return self._go_on(self._first)
        look = self._read(SECOND)
        if self._over or not look.unlike(self._first):
            self._second = look
        else:
            self._first, self._second = self._renamed(look, FIRST), None
        return self._go_on(look)

    def cut(self, why: str) -> None:
        """It is waited for no longer, and not judged."""
        self._first = self._second = None
        self._say(False, why)

    def _go_on(self, look: Look) -> bool:
        assert self._first is not None
        settle = self._orders.settle
        self.waits_for = self.unfinished(look)
        apart = self._second is not None and look.began_s >= self._first.ended_s + settle.quiet_s
        names = look.unlike(self._first)
        changed = f"{', '.join(names)} still changed" if names else ""
        quiet_s, ends_s = self._first.ended_s + settle.quiet_s, self._began_s + settle.within_s
        self._over |= look.ended_s >= ends_s
        if apart and (self._over or not self.waits_for):
            self._name_all()
            self._say(not (self.waits_for or changed), self.waits_for or changed or self._unread())
            return True
        if self._over:
            self.due_s = quiet_s
            return False
        pause_s = max(SHORTEST_S, settle.quiet_s / PAUSES, SHARE * (look.ended_s - look.began_s))
        due_s = min(at_s for at_s in (look.ended_s + pause_s, quiet_s, ends_s) if at_s > look.ended_s)
        self.due_s = max(due_s, look.ended_s + SHORTEST_S)
        return False

    def unfinished(self, look: Look) -> str:
        """What keeps it from being quiet, in words; '' for nothing but time."""
        for name, reading in look.readings.items():
            if reading.fact.error and reading.fact.error != self._never.get(name):
                return f"{name} could not be read: {reading.fact.error}"
            if rows := look.waiting.get(name, 0):
                return f"{rows} {'row was' if rows == 1 else 'rows were'} still in {name}"
        return ""

    def _unread(self) -> str:
        assert self._first is not None
        names = ", ".join(name for name in self._never if self._first.readings[name].fact.error)
        return f"not waited for, as they could not be read before the load either: {names}" if names else ""

    def _read(self, reading: str) -> Look:
        clock = self._readings.clock
        self._readings.afresh()
        began_s = clock.now_s()
        taken = {
            name: self._readings.take(self.op, name, source, reading, glance=True)
            for name, source in self._orders.sources.items()
        }
        waiting = {
            name: self._backlog.more(name, self._orders.sources[name], one)
            for name, one in taken.items()
            if one.fact.role == QUEUE
        }
        return Look(taken, began_s, clock.now_s(), waiting)

    def _name_all(self) -> None:
        """What was only glanced at, as reading it leaves a mark, is read now, where there is anything; where it cannot be, the look's own
        count stands."""
        self._readings.afresh()
        for name, source in self._orders.sources.items():
            for look, reading in ((self._first, FIRST), (self._second, SECOND)):
                if isinstance(source.reader, MARKED) and look is not None and look.readings[name].fact.rows:
                    counted = look.readings[name].fact.rows
                    named = self._readings.take(self.op, name, source, reading)
                    if named.fact.error:
                        named = replace(named, fact=replace(named.fact, counted=counted))
                    look.readings[name] = named

    def _renamed(self, look: Look, reading: str) -> Look:
        folder = self._readings.folder
        return replace(look, readings={n: one.renamed(folder, reading) for n, one in look.readings.items()})

    def _say(self, quiet: bool, detail: str) -> None:
        waited_s = self._readings.clock.now_s() - self._began_s
        self.settled = OrdersSettled(op=self.op, quiet=quiet, waited_s=round(waited_s, 3), detail=detail)
