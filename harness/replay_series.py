"""A recorded series in the words of promtool's `input_series`: as it was scraped, or behind a full clean history. Pure.

Samples are laid on slots, as long as the closest of all that are read lie apart; a series that is scraped more seldom has one
in every n-th. A counter's history rises as it did before the fault; everything else stood as it stands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from statistics import median

MISSING = 3  # of its own scrapes: what has given no sample for so long has ended, and does not go on
CALM_S = 30.0  # at most so much of the fault's end tells how it would have gone on
COUNTERS = ("_total", "_bucket")
"""Names that say that a series is a counter, whatever reads it."""

Points = Sequence[tuple[float, float | None]]


@dataclass(frozen=True)
class Times:
    """Of one phase, on the run's axis: the fault from effect_s until lasts_s, recorded until end_s; a clean stretch before it.

    effect_s  when it began to be put on: what it does while it still goes on is no history of production's
    lasts_s   when it began to be taken out, by us or by a rollback
    """

    clean_from_s: float
    clean_to_s: float
    effect_s: float
    end_s: float
    lasts_s: float


@dataclass(frozen=True)
class Recorded:
    """A series as it was scraped, `points` as (time on the run's axis, value; None for NaN), ascending.

    counted     something reads it as a counter
    looks_back  something reads more of it than its latest sample
    scraped     its target was up in the clean stretch, so that a series which began only after it stood still in it
    """

    labels: Mapping[str, str]
    points: Points
    counted: bool = False
    looks_back: bool = False
    scraped: bool = False

    @property
    def name(self) -> str:
        return self.labels.get("__name__", "")

    @property
    def counter(self) -> bool:
        return self.counted or self.name.endswith(COUNTERS)

    @property
    def spacing_s(self) -> float | None:
        """What usually lies between two of its samples; None for fewer."""
        gaps = [after - before for (before, _), (after, _) in pairwise(self.points)]
        return round(median(gaps), 2) or None if gaps else None

    def before(self, times: Times) -> Points:
        return [point for point in self.points if point[0] < times.effect_s]

    def clean(self, times: Times) -> Points:
        return [point for point in self.before(times) if times.clean_from_s <= point[0] <= times.clean_to_s]

    def calm_per_s(self, times: Times) -> float:
        """A counter's rate in the clean stretch, which may be 0: then an earlier fault's errors are no clean history. Where the
        stretch tells none, its rate until the fault."""
        calm = _per_s(self.clean(times))
        if calm is None and self.scraped and self.points[0][0] > times.clean_to_s:
            return 0.0
        return (_per_s(self.before(times)) if calm is None else calm) or 0.0

    def drifts(self, times: Times) -> bool:
        """Whether it moved one way before the fault and never the other: then it did not always stand as it stands."""
        clean = self.clean(times)
        known = [value for _, value in (clean if len(clean) > MISSING else self.before(times)) if value is not None]
        ups = sum(after > before for before, after in pairwise(known))
        downs = sum(after < before for before, after in pairwise(known))
        return min(ups, downs) == 0 and max(ups, downs) > 1


@dataclass(frozen=True)
class Slots:
    """How a series is laid out: on slots of slot_s, with a sample in each every-th."""

    slot_s: float
    every: int

    @staticmethod
    def of(one: Recorded, slot_s: float) -> Slots:
        return Slots(slot_s, max(1, round((one.spacing_s or slot_s) / slot_s)))

    @property
    def own_s(self) -> float:
        return self.slot_s * self.every

    def count(self, length_s: float) -> int:
        return max(0, math.ceil(round(length_s / self.slot_s, 6)))

    def places(self, points: Points, origin_s: float) -> dict[int, float | None]:
        """The slot of each sample; the first stands in the one that it came in, the others as far from it as they were."""
        first = math.floor((points[0][0] - origin_s) / self.slot_s) if points else 0
        return {first + round((at_s - points[0][0]) / self.slot_s): value for at_s, value in points}


def as_recorded(one: Recorded, times: Times, slot_s: float, before_s: float) -> str:
    """The samples until the end, on slots from the first sample of all."""
    points = [point for point in one.points if point[0] <= times.end_s]
    laid = Slots.of(one, slot_s)
    count = laid.count(before_s + times.end_s - times.effect_s)
    return " ".join(_words(laid.places(points, times.effect_s - before_s), laid, count))


def with_history(one: Recorded, times: Times, slot_s: float, history_s: float, goes_on_s: float) -> str:
    """Clean history, then the samples while the fault lasted, then more of the same. A series that was not there before has none."""
    laid = Slots.of(one, slot_s)
    before = one.before(times)
    part = [point for point in one.points if times.effect_s <= point[0] <= times.lasts_s]
    slots = laid.count(history_s)
    last = before[-1][1] if before else None
    words = [f"_x{slots}"]
    since: tuple[float, float] | None = None
    if last is not None and times.effect_s - before[-1][0] <= MISSING * laid.own_s:
        step = one.calm_per_s(times) * laid.own_s if one.counter else 0.0
        after = min(laid.every - 1, math.floor((times.effect_s - before[-1][0]) / slot_s))  # slots after its last one
        steps, lead = divmod(slots - 1 - after, laid.every)
        top = max(last, step * steps)
        step = _exactly(step, top)
        words = _line((top - step * steps) if one.counter else last, step, slots, laid.every, lead)
        part = _lifted(part, top, last) if one.counter else part
        since = (before[-1][0], top)
    goes_on = _going_on(part, since, one.counter, times, laid, goes_on_s)
    count = laid.count(times.lasts_s - times.effect_s)
    words += _words(laid.places(part, times.effect_s), laid, count, ends=not goes_on)
    return " ".join([*words, *goes_on])


def _exactly(step: float, top: float) -> float:
    """The step, on the grid that `top` lies on: then neither promtool's sums nor ours are rounded. A history that ended above the
    first sample after it, by however little, would be a counter that began anew."""
    grid = math.ulp(top)
    return math.floor(step / grid) * grid if top > 0 and math.isfinite(top) else 0.0


def _lifted(points: Points, top: float, before: float) -> list[tuple[float, float | None]]:
    """A counter's samples after a longer history that ends at `top`; after it began anew they stand as they were."""
    made: list[tuple[float, float | None]] = []
    by, least = top - before, top
    for at_s, value in points:
        if value is not None and value < before:
            by, least = 0.0, value
        before = before if value is None else value
        made.append((at_s, None if value is None else max(least, value + by)))
    return made


def _going_on(
    points: Points, before: tuple[float, float] | None, counter: bool, times: Times, laid: Slots, goes_on_s: float
) -> list[str]:
    """A series that was there at the end goes on as in the fault's last seconds. `before`: its last sample before the fault; one
    that had none was at zero a scrape before its first."""
    slots = laid.count(goes_on_s)
    if not points or points[-1][1] is None or times.lasts_s - points[-1][0] > MISSING * laid.own_s or slots < 1:
        return []
    every: Points = [before or (points[0][0] - laid.own_s, 0.0), *points]
    since_s = times.lasts_s - max(MISSING * laid.own_s, min(CALM_S, (times.lasts_s - times.effect_s) / 2))
    late = [point for point in points if point[0] >= since_s]
    step = (_per_s(late if len(late) > 1 else every[-2:]) or 0.0) * laid.own_s if counter else 0.0
    count = laid.count(times.lasts_s - times.effect_s)
    last = min(count - 1, max(laid.places(points, times.effect_s)))
    return _line(points[-1][1] + step, step, slots, laid.every, max(0, last + laid.every - count))


def _words(places: Mapping[int, float | None], laid: Slots, slots: int, *, ends: bool = True) -> list[str]:
    """A word for each slot: its sample, `_` where none is, `stale` where the first of several is missed, as Prometheus marks it.
    After the last one too, where it `ends`."""
    words, order = ["_"] * slots, sorted(places)
    for place, after in zip(order, [*order[1:], math.inf], strict=False):
        value, due = places[place], place + laid.every
        if place < slots:
            words[place] = "NaN" if value is None else _number(value)
        if due < slots and after - place > 2 * laid.every and (ends or after < math.inf):
            words[due] = "stale"
    return words


def _line(first: float, step: float, slots: int, every: int, lead: int = 0) -> list[str]:
    """So many slots, after the lead with a sample in each every-th, each higher than the one before by the step."""
    if every == 1 and not lead:
        return [f"{_number(first)}+{_number(step)}x{slots - 1}"]
    words = [f"_x{min(lead, slots)}"] if lead else []
    for number, place in enumerate(range(lead, slots, every)):
        words.append(_number(first + number * step))
        words += [f"_x{gap}"] if (gap := min(every, slots - place) - 1) else []
    return words


def _number(value: float) -> str:
    """Exactly, and without an exponent."""
    if not math.isfinite(value):
        return f"{value}".replace("inf", "Inf")
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text


def _per_s(points: Points) -> float | None:
    """A counter's rate, from its first to its last sample; None for too few of them."""
    known = [(at_s, value) for at_s, value in points if value is not None]
    if len(known) < 2:
        return None
    risen = sum(now - before if now >= before else now for (_, before), (_, now) in pairwise(known))
    return risen / (known[-1][0] - known[0][0])
