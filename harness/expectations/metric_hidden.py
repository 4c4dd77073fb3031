"""How long a request may be away from its service's timer: as the claim says, or as the steady state before the first phase showed.

A histogram gives no request's own time, so its gap is not seen. What is seen is that buckets held more fast requests than the load had:
the least time that explains all of them is learned. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.expectations.base import Evidence
from harness.expectations.metric_buckets import Buckets, disagreement
from harness.journal import Window
from harness.quantities import figures
from harness.surroundings import stalled

MOST_MS = 50.0  # network, proxies, accept queue, a thread, on one machine; a steady state that hides more has a defect or no rest
LEAST_MS = 20.0  # a connection made anew, a collection of garbage, a turn of the scheduler: a short steady state need not show one
MORE_MS = 5.0  # more than what the steady state showed
STARVED_MS = 1000.0  # a machine without processors to spare held honest requests up for as long, each hundredth of them
SOME = 0.1  # requests of the steady state that a busy machine may hold up for longer; a timer that starts late does so to more
LEARNT = 30  # requests in the steady state from which it teaches
BUSY = 0.25  # of the time some process waited for a processor: what passes outside of a timer may be the machine's


@dataclass(frozen=True)
class Hidden:
    """How long a request may be away from the service's timer, and why so long."""

    ms: float
    why: str

    @property
    def us(self) -> int:
        return round(self.ms * 1000)

    def __str__(self) -> str:
        return f"{figures(self.ms, 4)} ms outside of the timer: {self.why}"


@dataclass(frozen=True)
class Steady:
    """What the steady state before the first phase showed. Window is where; `found` are its buckets by request name."""

    window: Window
    found: Sequence[Buckets]

    @property
    def taught(self) -> list[Buckets]:
        return [one for one in self.found if len(one.sure) >= LEARNT and one.finite]

    @property
    def sound(self) -> bool:
        """Every request of it was counted, and no other."""
        return bool(self.taught) and all(len(one.sure) <= one.count <= one.most for one in self.taught)

    @property
    def ms(self) -> float | None:
        """The least time that suits its buckets for 99 of 100 requests. None: it teaches none."""
        told = [one for one in self.taught if _tells(one)]
        return max(one.hidden_us() for one in told) / 1000 if self.sound and told else None

    @property
    def all_ms(self) -> float | None:
        """The least that suits all of its requests. None: it teaches none, or many were away for long even then."""
        if not self.sound or any(one.hidden_us(SOME) > MOST_MS * 1000 for one in self.taught):
            return None
        return max(one.hidden_us(beyond=0.0) for one in self.taught) / 1000


def learned(steady: Steady | None, busy: float | None) -> Hidden:
    """What is allowed where the claim says nothing. It never allows more than MOST_MS: a defect that was there before the first
    phase must not be taken for what is usual. `busy`: the share of the time in which processes waited for a processor; None:
    not known, and nothing less than MOST_MS is asked then."""
    if steady is None or steady.ms is None:
        return Hidden(MOST_MS, "the default, as no steady state before the first phase tells any")
    where = f"{max(0.0, steady.window.start_s):.1f} s to {steady.window.end_s:.1f} s"
    least = f"from {where}, before the first phase, {figures(steady.ms, 4)} ms is the least that its buckets suit for 99 of 100 requests"
    if busy is None or busy >= BUSY:
        why = (
            "nobody knows how busy the machine was"
            if busy is None
            else f"processes waited for a processor {busy:.0%} of the time"
        )
        return Hidden(MOST_MS, f"the default, as {why} ({least})")
    ms = min(MOST_MS, max(LEAST_MS, steady.ms + MORE_MS))
    bound = f", and no more than {MOST_MS:g} ms is learned" if ms == MOST_MS else ""
    bound = f", and no less than {LEAST_MS:g} ms is asked" if ms == LEAST_MS else bound
    return Hidden(ms, f"learned {least}, with {MORE_MS:g} ms more{bound}")


def starved(found: Sequence[Buckets], busy: float | None) -> bool:
    """Whether a machine so short of processors can have held up all that the buckets do not have."""
    return busy is not None and busy >= BUSY and not disagreement(found, round(STARVED_MS * 1000))


def busy_share(evidence: Evidence, window: Window) -> float | None:
    """The share of the window in which some process waited for a processor; None: not known."""
    end_s = window.end_s if math.isfinite(window.end_s) else evidence.journal.end_s
    return stalled(evidence.journal, window.start_s, end_s)


def _tells(one: Buckets) -> bool:
    """Whether requests lie close enough above some bound that time hidden from the timer would have put them below it."""
    return any(one.within(le_s, round(MOST_MS * 1000)) - one.within(le_s, 0) >= LEARNT for le_s, _ in one.finite)
