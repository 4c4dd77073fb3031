"""The gate: users wait at it between tasks, and each arrival, when it is due, lets one of them through.

Open: of the idle users of the class that the file's weights pick, the one idle shortest goes (its connection is warm);
with users_at_least the choice rotates over so many, and over all where each has a session of its own (harness.load.sessions).
None idle: the arrival is dropped, and both are rows of the ledger.
Closed: all pass once, when the load begins, and pace themselves from then on.
"""

from __future__ import annotations

import bisect
import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic_ns
from typing import Any

import gevent
from locust import FastHttpUser, HttpUser
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_RUNNING, LOCUST_STATE_STOPPING, LOCUST_STATE_WAITING

from harness.ledger.layout import SENDS_SEEN
from harness.ledger.writing import Writer
from harness.load import birth
from harness.load.division import Part
from harness.load.recorder import Recorder
from harness.load.seat import IN_TASK, OUTSIDE, Seat, Seats
from harness.load.timer import Timer

ALL = Part()
AT_ONCE = 64  # arrivals let through before answers are looked at again


@dataclass
class Pool:
    """The idle users of one class, the one idle shortest last. `at_least` users take turns."""

    share: float
    at_least: int = 1
    busy: int = 0
    idle: list[Seat] = field(default_factory=list)

    def take(self) -> Seat | None:
        if not self.idle:
            return None
        return self.idle.pop(-min(len(self.idle), max(1, self.at_least - self.busy)))


@dataclass
class Second:
    """What happened since the last sample."""

    due: int = 0
    dropped: int = 0
    late_us: int = 0
    silent: int = 0  # tasks that ended without a request that Locust was told of


class Gate:
    def __init__(
        self, writer: Writer, recorder: Recorder, seats: Seats, *, closed: bool, seed: int | None, part: Part = ALL
    ) -> None:
        """`part`: which arrivals, and of the draws that choose a class for each, are this process's."""
        self._writer = writer
        self._recorder = recorder
        self._seats = seats
        self._closed = closed
        self._draws = part.of_all(_draws(seed))
        self._pools: dict[type, Pool] = {}
        self._order: list[Pool] = []
        self._cumulative: list[float] = []
        self._instants: Iterator[float] = iter(())
        self._begin_us = 0
        self._due_us: int | None = None
        self._last_us = math.inf
        self._timer: Timer | None = None
        self._open = False
        self.begun = False  # whether it has ever been open
        self._hub = gevent.get_hub()
        self.on_broken: Callable[[Exception], None] = lambda error: None
        self.last_due_us = 0
        self.second = Second()

    def admit(self, shares: Sequence[tuple[type, float, int]]) -> None:
        """The user classes, each with its share of the arrivals and how many of its users take turns at least."""
        for cls, share, at_least in shares:
            self._pools[cls] = Pool(share, at_least)
            if not issubclass(cls, (HttpUser, FastHttpUser)):
                self._recorder.by_event.add(cls)
        self._order = list(self._pools.values())
        self._cumulative = list(itertools.accumulate(pool.share for pool in self._order))

    @property
    def parked(self) -> int:
        return sum(len(pool.idle) for pool in self._pools.values())

    # --- users --------------------------------------------------------------------------------------------------------

    def enter(self, user: Any, a_set: bool = False) -> Seat:
        """Between tasks: returns when the user's next task shall begin. May be killed meanwhile, as in Locust's own
        wait. `a_set`: it is a set of tasks, which is entered by the arrival of its first one."""
        seat: Seat = self._seats.of(user)
        if seat.entered:
            seat.entered = a_set
            return seat
        if user._state == LOCUST_STATE_STOPPING:
            raise StopUser()
        if seat.held:
            self._recorder.settle(seat, raised=False)
        if not (self._closed and self._open):
            user._state = LOCUST_STATE_WAITING
            self._park(self._pools[type(user)], seat)
            user._state = LOCUST_STATE_RUNNING
        seat.begun_us = self._recorder.now_us()
        if self._closed:
            seat.row = IN_TASK
        else:
            self.second.late_us = max(self.second.late_us, seat.begun_us - seat.due_us)
        seat.entered = a_set
        birth.serve(seat)
        return seat

    def _park(self, pool: Pool, seat: Seat) -> None:
        seat.greenlet = gevent.getcurrent()
        seat.parked = True
        pool.idle.append(seat)
        try:
            while self._hub.switch() is not seat:  # whatever else may wake it, only the gate gives it its seat
                pass
        except BaseException:
            if seat in pool.idle:
                pool.idle.remove(seat)
            else:
                pool.busy -= 1
            seat.row = OUTSIDE
            raise
        finally:
            seat.parked = False

    def leave(self, seat: Seat, raised: bool) -> None:
        """The task is over."""
        if seat.held:
            self._recorder.settle(seat, raised)
        if self._recorder.bodies:
            self._recorder.bodies.end(gevent.getcurrent())
        if not self._closed:
            if not seat.filled:
                self.second.silent += 1
                self._writer.nothing_sent(seat.row, seat.begun_us - seat.due_us)
            self._pools[type(seat.user)].busy -= 1
        self._seats.ended(seat)
        birth.serve(None)

    def ends(self, user: Any) -> bool:
        """Whether the greenlet that runs is killed because its user is, or the load: what it asked for is not known then."""
        return not self._open or getattr(user, "_greenlet", None) is gevent.getcurrent()

    # --- arrivals -----------------------------------------------------------------------------------------------------

    def begin(self, at_us: int, instants: Iterator[float]) -> None:
        """Arrivals are due from at_us on, at these instants after it, in seconds."""
        self._begin_us = at_us
        self._open = self.begun = self._recorder.outside.open = True
        self._recorder.stalls.begin()
        self._instants = iter((0.0,)) if self._closed else instants
        self._timer = Timer(self._tick)
        self._next()
        self._arm()

    def _next(self) -> None:
        after_s = next(self._instants, None)
        self._due_us = None if after_s is None else self._begin_us + round(after_s * 1e6)
        self.until(self._last_us)

    def until(self, at_us: float) -> None:
        """No arrival that is due later than this."""
        self._last_us = at_us
        if self._due_us is not None and self._due_us > at_us:
            self._due_us = None

    def _arm(self) -> None:
        if self._timer is not None and self._due_us is not None:
            self._timer.set(self._recorder.opened_ns + self._due_us * 1000)

    def _tick(self) -> None:
        """Runs in the hub when the next arrival is due. Late ones go at once, each with the time at which it was
        due."""
        try:
            for _ in range(AT_ONCE):
                due_us = self._due_us
                if due_us is None or due_us > monotonic_ns() // 1000 - self._recorder.opened_us:
                    break
                self._next()
                if self._closed:
                    self._let_all_through()
                else:
                    self._arrive(due_us)
        except Exception as error:  # a full disk, or a fault of ours: never arrivals that end in silence
            self.stop()
            self.on_broken(error)
        self._arm()

    def _arrive(self, due_us: int) -> None:
        order = self._order
        pool = order[0] if len(order) == 1 else order[self._pick()]
        self.last_due_us = due_us
        self.second.due += 1
        seat = pool.take()
        if seat is None:
            self.second.dropped += 1
            self._writer.drop(due_us)
            return
        pool.busy += 1
        seat.due_us = due_us
        flags = 0 if type(seat.user) in self._recorder.by_event else SENDS_SEEN
        seat.row = self._writer.due(due_us, seat.number, flags)
        seat.greenlet.switch(seat)

    def _pick(self) -> int:
        return bisect.bisect(self._cumulative, next(self._draws) * self._cumulative[-1], hi=len(self._cumulative) - 1)

    def _let_all_through(self) -> None:
        self.last_due_us = self._begin_us
        for pool in self._order:
            waiting, pool.idle = pool.idle, []
            for seat in waiting:
                seat.greenlet.switch(seat)

    def stop(self) -> None:
        """No more arrivals; users of the closed model wait at the gate after their task."""
        self._open = self._recorder.outside.open = False
        self._due_us = None
        if self._timer is not None:
            self._timer.close()
            self._timer = None


def _draws(seed: int | None) -> Iterator[float]:
    chance = random.Random(seed)
    while True:
        yield chance.random()
