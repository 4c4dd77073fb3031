"""The stretches in which an alert was clear after a phase: how long each must last, and whether that says anything. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness import alerting
from harness.alerting import Episode
from harness.expectations.base import Evidence
from harness.expectations.could_fire import Mute, mute
from harness.facts import AlertChanged, Injecting
from harness.journal import Window


@dataclass(frozen=True)
class Stretch:
    """No such alert fires from clear_s until again_s (infinite); it must last until until_s."""

    clear_s: float
    again_s: float
    until_s: float


@dataclass(frozen=True)
class Calm:
    """A stretch that lasted, since when it says something; `why` it did not before. Infinite where it never did."""

    since_s: float
    why: Mute | None = None


def stretches(evidence: Evidence, window: Window, mine: Sequence[Episode]) -> list[Stretch]:
    """Those since the phase's end."""
    found = []
    for clear_s in sorted({window.start_s, *(max(e.until_s, window.start_s) for e in mine)}):
        if math.isinf(clear_s) or any(e.fires_at(clear_s) for e in mine):
            continue
        again_s = min((e.from_s for e in mine if e.from_s > clear_s), default=math.inf)
        found.append(Stretch(clear_s, again_s, _until(evidence, window, clear_s, evidence.steady.for_s)))
    return found


def first(evidence: Evidence, window: Window, mine: Sequence[Episode], limit_s: float) -> Calm | None:
    """The first that began in time and is known to have lasted; one in which no such alert could have fired only where there is no
    other. After a time without what its rule reads it begins when that is back, and must show that the alert does not begin anew."""
    silent: Calm | None = None
    for one in stretches(evidence, window, mine):
        if one.clear_s > limit_s or not _lasted(evidence, window, one):
            continue
        why = _mute(evidence, window, mine, one)
        if why is None:
            return Calm(one.clear_s)
        again = replace(one, until_s=_until(evidence, window, why.back_s, _shows_s(evidence, mine)))
        if why.back_s <= limit_s and _lasted(evidence, window, again) and not _pending(evidence, mine, again.until_s):
            return Calm(why.back_s, why)
        silent = silent or Calm(math.inf, why)
    return silent


def _until(evidence: Evidence, window: Window, clear_s: float, hold_s: float) -> float:
    """Until when it must last: not into the next fault."""
    fault = evidence.journal.first(Injecting, since_s=window.start_s)
    return min(clear_s + hold_s, max(fault.at_s if fault else math.inf, clear_s))


def _lasted(evidence: Evidence, window: Window, one: Stretch) -> bool:
    return one.again_s > one.until_s and alerting.watched(evidence.journal, window.start_s, one.until_s)


def _mute(evidence: Evidence, window: Window, mine: Sequence[Episode], one: Stretch) -> Mute | None:
    """Why one of those that had fired could not have fired in it."""
    begun = evidence.journal.phase_began(evidence.phase)
    calm_s = begun.at_s if begun else window.start_s
    last = {e.identity: e for e in sorted(mine, key=lambda e: e.until_s) if e.until_s <= one.clear_s}
    found = [mute(evidence.journal, e, calm_s, one.clear_s, one.until_s) for e in last.values()]
    return max((why for why in found if why is not None), key=lambda why: why.back_s, default=None)


def _shows_s(evidence: Evidence, mine: Sequence[Episode]) -> float:
    """How long series that are back need to show that the trouble goes on: two samples, and an evaluation."""
    floor = alerting.floor(evidence.journal, mine[0].alert)
    shows_s = 2 * floor.links["sample"].high_s + floor.links["active"].high_s if floor else 0.0
    return max(evidence.steady.for_s, shows_s)


def _pending(evidence: Evidence, mine: Sequence[Episode], at_s: float) -> bool:
    """Whether one of the same was about to fire again."""
    state: dict[alerting.Identity, str] = {}
    for change in evidence.journal.of(AlertChanged, until_s=at_s):
        state[alerting.identity(change.alert, change.labels)] = change.state
    return any(state.get(e.identity) == "pending" for e in mine)
