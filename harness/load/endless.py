"""Tasks that do not come to an end: each keeps its user, until arrivals find nobody any more and are dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from harness.load.places import Places
from harness.load.seat import OUTSIDE

TIMES = 5  # so many time-outs of a request: a task of some requests may meet one in each while its service is down


class Endless:
    def __init__(self, timeout_s: float, places: Places, say: Callable[[str, str], None]) -> None:
        self._limit_s = TIMES * timeout_s
        self._places = places
        self._say = say
        self._told = False

    def look(self, greenlets: Iterable[Any], now_us: int) -> None:
        """Once, where half of the users and more were in one task all the while; `greenlets` are those of all users. Only when arrivals are dropped."""
        users = [] if self._told else [greenlet for greenlet in greenlets if greenlet.args]
        long = [greenlet for greenlet in users if now_us - _began_us(greenlet.args[0], now_us) > self._limit_s * 1e6]
        if not long or 2 * len(long) < len(users):
            return
        self._told = True
        place = self._places.of_frame(long[0].gr_frame)
        self._say(
            "warning",
            f"{len(long)} of {len(users)} users have been in one task for more than {self._limit_s:g} s{f' (one is at {place})' if place else ''}: "
            "arrivals find nobody and are dropped meanwhile; a task needs no loop of its own, for arrivals begin it again",
        )


def _began_us(user: Any, now_us: int) -> int:
    """When the task that the user is in began; now, where it is in none."""
    seat = user.__dict__.get("_drill_seat")
    began_us: int = now_us if seat is None or seat.row == OUTSIDE else seat.begun_us
    return began_us
