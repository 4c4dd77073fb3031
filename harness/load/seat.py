"""A started user as the gate and the recorder see it, task by task: where it stands, and which arrival it is serving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.load.entry import Entry

OUTSIDE, IN_TASK = -1, -2  # of Seat.row: between tasks; in a task of the closed model that has not sent anything yet


class Seat:
    """
    For one task, from the end of the one before: what was born in it asks for its arrival later than it ends.

    row      number of the first row of the arrival that is served, or OUTSIDE, or IN_TASK
    due_us   when that arrival was due; begun_us when its task began (before that: when the one before did)
    filled   whether its first request has been sent
    entered  whether its task is a set of tasks that is being entered, so that the first of them waits for no other arrival
    over     whether its task has ended
    parked   whether the user waits at the gate
    held     requests whose outcome the locustfile has yet to say (catch_response)
    """

    __slots__ = (
        "begun_us",
        "due_us",
        "entered",
        "filled",
        "greenlet",
        "held",
        "number",
        "over",
        "parked",
        "row",
        "user",
    )

    def __init__(self, user: Any, number: int, begun_us: int = 0) -> None:
        self.user = user
        self.number = number
        self.row = OUTSIDE
        self.due_us = 0
        self.begun_us = begun_us
        self.entered = False
        self.filled = False
        self.over = False
        self.parked = False
        self.greenlet: Any = None
        self.held: list[Entry] = []


class Seats:
    """Each user's seat, made when first asked for, and a new one after each task."""

    def __init__(self) -> None:
        self._made = 0

    def of(self, user: Any) -> Seat:
        seat: Seat | None = user.__dict__.get("_drill_seat")
        if seat is None:
            self._made += 1
            seat = user.__dict__["_drill_seat"] = Seat(user, (self._made - 1) % 0xFFFF + 1)
        return seat

    def ended(self, seat: Seat) -> None:
        """Its task is over: what the user does next is of another."""
        seat.over = True
        seat.user.__dict__["_drill_seat"] = Seat(seat.user, seat.number, seat.begun_us)
