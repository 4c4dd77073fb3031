"""A started user as the gate and the recorder see it: where it stands, and which arrival it is serving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.load.entry import Entry

OUTSIDE, IN_TASK = -1, -2  # of Seat.row: between tasks; in a task of the closed model that has not sent anything yet


class Seat:
    """
    row      number of the first row of the arrival that is being served, or OUTSIDE, or IN_TASK
    due_us   when that arrival was due; begun_us when its task began
    filled   whether its first request has been sent
    parked   whether the user waits at the gate
    held     requests whose outcome the locustfile has yet to say (catch_response)
    """

    __slots__ = ("begun_us", "due_us", "filled", "greenlet", "held", "number", "parked", "row", "user")

    def __init__(self, user: Any, number: int) -> None:
        self.user = user
        self.number = number
        self.row = OUTSIDE
        self.due_us = 0
        self.begun_us = 0
        self.filled = False
        self.parked = False
        self.greenlet: Any = None
        self.held: list[Entry] = []


class Seats:
    """A seat for each user, made when first asked for; it stays with the user."""

    def __init__(self) -> None:
        self._made = 0

    def of(self, user: Any) -> Seat:
        seat: Seat | None = user.__dict__.get("_drill_seat")
        if seat is None:
            self._made += 1
            seat = user.__dict__["_drill_seat"] = Seat(user, (self._made - 1) % 0xFFFF + 1)
        return seat
