"""When gevent's hub stood still: no greenlet could run, because one computed, or the whole process was held up.

A timer of the hub's beats; a beat that comes late tells of a stall, whatever made it (code that blocks, the garbage collector, a
machine that is full, a process that was stopped). That costs the same however many requests are sent.
"""

from __future__ import annotations

from collections import deque
from time import monotonic_ns
from typing import Any

import gevent

BEAT_US = 5_000
LEAST_US = 5_000  # a beat that is later than this tells of a stall
LONG_US = 100_000
NEAR_US = BEAT_US + LEAST_US
MOST_KEPT = 1024


class Stalls:
    """Times are µs of the monotonic clock, less opened_us. `begin` once the load begins; `end` when it is over."""

    def __init__(self, opened_us: int) -> None:
        self._opened_us = opened_us
        self._next_us: int | None = None  # when the next beat should come at the latest
        self._seen: deque[tuple[int, int]] = deque(maxlen=MOST_KEPT)
        self._beats: Any = None

    def begin(self) -> None:
        """From now on stalls are seen."""
        # the highest priority: the hub calls it before what became ready during a stall; ref=False: it keeps no hub alive
        self._beats = gevent.get_hub().loop.timer(BEAT_US / 1e6, BEAT_US / 1e6, ref=False, priority=2)
        self._next_us = monotonic_ns() // 1000 - self._opened_us + BEAT_US
        self._beats.start(self._beat)

    def end(self) -> None:
        """None is seen any more."""
        if self._beats is not None:
            self._beats.stop()
            self._beats.close()
            self._beats = self._next_us = None

    def _beat(self) -> None:
        self.beat(monotonic_ns() // 1000 - self._opened_us)

    def beat(self, now_us: int) -> None:
        """The hub has a turn now."""
        if self._next_us is not None and now_us - self._next_us > LEAST_US:
            self._seen.append((self._next_us, now_us))
        self._next_us = now_us + BEAT_US

    def held_up_us(self, begun_us: int, sent_us: int, now_us: int) -> int:
        """For how long a task that began at begun_us and sent something at sent_us (now_us or before) was held up by stalls meanwhile.

        One that went on when it began, or that ended just before the sending, and every long one. A short one in between held
        nobody up who slept through it: many of those would add up to a lateness that never was.
        """
        held_us = 0
        if self._next_us is not None and self._next_us < now_us:  # goes on now
            held_us = max(0, sent_us - max(self._next_us, begun_us))
        for start_us, end_us in reversed(self._seen):
            if end_us <= begun_us:
                break
            near = start_us <= begun_us or sent_us - end_us <= NEAR_US
            if near or end_us - start_us >= LONG_US:
                held_us += max(0, min(end_us, sent_us) - max(start_us, begun_us))
        return held_us
