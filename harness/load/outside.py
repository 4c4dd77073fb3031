"""Requests that belong to no arrival: those that prepare a user, and those of greenlets that were born in no task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gevent import getcurrent

from harness.ledger.layout import ASIDE, OK, UNGATED
from harness.ledger.writing import Writer
from harness.load.seat import OUTSIDE, Seat, Seats

WAITING = "waiting"  # locust.user.task.LOCUST_STATE_WAITING: between tasks


class Outside:
    def __init__(
        self, writer: Writer, seats: Seats, say: Callable[[str, str], None], place: Callable[[], str] = str
    ) -> None:
        """`place`: where in the locustfile the greenlet that asks stands: file:line, or ''."""
        self._writer = writer
        self._seats = seats
        self._say = say
        self._place = place
        self._aside: set[int] = set()  # rows of preparation that were sent while the gate is open
        self.open = False  # whether the gate is; before and after that all that belongs to no arrival is preparation

    def sent(self, whose: Seat | None, sent_us: int, endpoint: int, label: str) -> int:
        """The row of one that is sent. `whose`: by which user, where that is known.

        What prepares is aside: all while the gate is not open, a user's own on_start and on_stop, and what was born in them while
        they last. Anything else is load that nobody planned.
        """
        if self._prepares(whose):
            return self._row(whose, sent_us, endpoint, ASIDE)
        place = self._place()
        where = f" (at {place})" if place else ""
        what = "was sent outside of any arrival, by a greenlet that was started in no task"
        self._say("ungated", f"{label}{where} {what}: start it in one, whose arrival it then belongs to")
        return self._row(whose, sent_us, endpoint, UNGATED)

    def told(self, whose: Seat | None, sent_us: int, endpoint: int, label: str) -> int:
        """The same of what only an event tells, maybe of something that was received: that is no load, and is kept aside."""
        if not self._prepares(whose):
            what = "was told outside of any arrival, by a greenlet that the locustfile started; it counts in no claim"
            self._say("warning", f"{label} {what}")
        return self._row(whose, sent_us, endpoint, ASIDE)

    def _row(self, whose: Seat | None, sent_us: int, endpoint: int, flags: int) -> int:
        row = self._writer.open(sent_us, endpoint, whose.number if whose else 0, flags)
        if self.open and flags == ASIDE and self._prepares(whose):
            self._aside.add(row)
        return row

    def _prepares(self, whose: Seat | None) -> bool:
        if not self.open:
            return True
        if whose is None:
            return "_drill_makes_users" in getattr(getcurrent(), "__dict__", ())
        greenlet = getattr(whose.user, "_greenlet", None)  # None while it is made
        if greenlet is None or getcurrent() is greenlet:
            return True
        return whose.row == OUTSIDE and whose.user._state != WAITING and not greenlet.ready()

    def ended(self, row: int, outcome: int, label: str) -> None:
        """What prepared a user while others were at work: that it failed would otherwise be seen nowhere."""
        if row in self._aside:
            self._aside.discard(row)
            if outcome != OK:
                what = "of a user's own on_start or on_stop failed during the load, and is in no claim"
                self._say("warning", f"{label} {what}")

    def user_here(self) -> Seat | None:
        """The seat of the user whose greenlet, or a descendant of it, is running."""
        greenlet = getcurrent()
        for _ in range(8):
            if args := getattr(greenlet, "args", ()):
                user: Any = args[0]
                if getattr(user, "_greenlet", None) is greenlet:
                    return self._seats.of(user)
            spawner = getattr(greenlet, "spawning_greenlet", None)
            greenlet = spawner() if spawner else None
            if greenlet is None:
                return None
        return None
