"""May the first phase begin? The state must be steady, and the load in time: one that is late before the first fault makes the run invalid.
Nor does it where what fires may hold pages back and Alertmanager does not have it, for as long as it may still come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness import lateness
from harness.run.steady import SteadyLook, look

if TYPE_CHECKING:
    from harness.expectations.base import Steady
    from harness.journal import Journal
    from harness.ledger import Rows

LAST_S = 2.0
"""A look so near the end of the time that it may be the last."""


@dataclass
class Gate:
    """A hold in which requests were sent late does not count; the next one begins when they no more were.

    since_s, until_s  between them a steady state has to begin
    tightest          the smallest latency that the drill claims, in ms
    waited            why a hold did not count; '' while none was refused
    unsent            what else has to come first, in words; '' where nothing has to. It is waited for no longer than for a state
                      that begins at until_s
    """

    steady: Steady
    tightest: float
    since_s: float
    until_s: float
    waited: str = ""
    unsent: Callable[[float], str] = lambda _: ""

    def look(self, rows: Rows, now_s: float, journal: Journal | None = None) -> SteadyLook:
        seen = look(self.steady, rows, self.since_s, self.until_s - self.since_s, now_s, journal)
        start_s = now_s - self.steady.for_s  # what the judge takes for the time before the first fault begins here
        late = lateness.late(rows, start_s, now_s, self.tightest) if seen.held else ""
        if late:
            self.since_s = lateness.in_time_from(rows, start_s, now_s, self.tightest)
            self.waited = f"requests were sent {late} until {self.since_s:.1f} s: the generator was starved"
            seen = SteadyLook(False, self.since_s > self.until_s, seen.detail)
        if seen.held and (missing := self.unsent(now_s)):
            self.waited = f"{missing} when it opened"
            if now_s + LAST_S < self.until_s + self.steady.for_s:
                self.since_s, self.waited = start_s, f"{missing} until {now_s:.1f} s"
                seen = SteadyLook(False, False, seen.detail)
        if seen.held or not self.waited:
            return seen
        return SteadyLook(False, seen.hopeless, f"{seen.detail}; {self.waited}")
