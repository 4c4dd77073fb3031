"""What one process held, from its start to its end: where a service's or a metric's samples are cut, and what a fit does not show of one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from harness.alerting import shown
from harness.expectations.counters import START, START_ERROR_S
from harness.expectations.memory_growth import POINTS, late_pace
from harness.facts import ContainerChanged, ContainerSeen, HeldSeen, Holding, MemorySeen
from harness.journal import Journal, Window
from harness.stats.theil_sen import BATCHES, Slope

if TYPE_CHECKING:
    from harness.series import Book, RawSeries

S = TypeVar("S", MemorySeen, HeldSeen)

MIB = 1 << 20
LAST = 2 / BATCHES  # of a stretch: a rise that takes up no more than this is an outlier to the fit
ROOM = 0.05  # of what is left to the limit: less is no rise worth a doubt
BRINK, FALL = (
    0.85,
    0.25,
)  # of the limit: a kernel kills where resident memory is a little less than what its cgroup holds


@dataclass(frozen=True)
class Stretch:
    """Samples of memory in bytes, else of how many there were. `alone`: they are surely of one process, so that it freed itself what fell.

    own_limit   the limit is the container's own, and not the claim's
    unclosed    of connections, at each sample: those that the other side has closed
    """

    name: str
    times_s: Sequence[float]
    values: Sequence[float]
    limit: float | None
    cited: tuple[str, ...] = ()
    alone: bool = False
    of: str = "memory"
    own_limit: bool = False
    unclosed: Sequence[float] = ()

    @property
    def enough(self) -> bool:
        return len(self.times_s) >= BATCHES * POINTS

    @property
    def per(self) -> int:
        """How much of it is one of its unit."""
        return MIB if self.of == "memory" else 1

    @property
    def unit(self) -> str:
        return "MiB" if self.of == "memory" else self.of

    @property
    def said(self) -> str:
        length_s = self.times_s[-1] - self.times_s[0]
        return f"{self.values[0] / self.per:.0f} to {self.values[-1] / self.per:.0f} {self.unit} in {length_s:.1f} s"


def of_containers(journal: Journal, service: str, window: Window, limit: float | None) -> Iterator[Stretch]:
    """Of their memory."""
    for name, part in _lives(journal, journal.of(MemorySeen, service=service), window):
        yield Stretch(
            name,
            [one.at_s for one in part],
            [float(one.used_bytes) for one in part],
            limit or part[-1].limit_bytes,
            (part[0].cite, part[-1].cite),
        )


def of_counts(journal: Journal, holding: Holding, window: Window, limit: float | None) -> Iterator[Stretch]:
    """Of their connections, or threads."""
    for name, part in _lives(journal, journal.of(HeldSeen, **holding._asdict()), window):
        yield Stretch(
            name,
            [one.at_s for one in part],
            [float(one.count) for one in part],
            part[-1].limit if limit is None else limit,
            (part[0].cite, part[-1].cite),
            of=holding.of,
            own_limit=limit is None,
            unclosed=[float(one.unclosed) for one in part],
        )


def of_metric(book: Book, metric: str, window: Window, limit: float | None, of: str = "memory") -> Iterator[Stretch]:
    for series in book[metric]:
        begun = next((one for one in book.get(START, ()) if one.target == series.target and len(one)), None)
        whole = series.between(window.start_s, window.end_s)
        for low_s, high_s in _between([] if begun is None else _begun_anew(begun)):
            part = whole.between(low_s, math.nextafter(high_s, -math.inf))
            if len(part):
                name = part.name + shown(part.labels, ("__name__",))
                yield Stretch(name, part.t_s.tolist(), part.value.tolist(), limit, alone=begun is not None, of=of)


def out_of_memory(journal: Journal, service: str, window: Window) -> ContainerChanged | ContainerSeen | None:
    """The first container of the service that the kernel found without memory in the window."""
    events = journal.of(ContainerChanged, service=service, event="oom")
    if first := next((one for one in events if window.start_s <= one.at_s < window.end_s), None):
        return first
    before: dict[str, tuple[bool, str]] = {}
    for look in journal.of(ContainerSeen, service=service):
        known, before[look.container] = before.get(look.container), (look.oom_killed, look.started_at)
        if look.oom_killed and known != before[look.container] and window.start_s <= look.at_s < window.end_s:
            return look
    return None


def off_course(part: Stretch, slope: Slope, limit: float, horizon_s: float) -> str:
    """What single samples show against a fit that does not meet the limit within the horizon: '' for nothing."""
    return at_the_brink(part, limit) or rises_late(part, slope, limit, horizon_s)


def rises_late(part: Stretch, slope: Slope, limit: float, horizon_s: float) -> str:
    """Whether it is high above all before at its end, or rises there as if towards its limit: '' for neither."""
    times, values = np.asarray(part.times_s), np.asarray(part.values)
    rest = values - (slope.level + slope.per_s * (times - slope.middle_s))
    before = rest[times < times[-1] - LAST * (times[-1] - times[0])]
    above = float(np.median(rest[-POINTS:]) - before.max())
    if above > max(float(np.ptp(before)), ROOM * (limit - slope.at(part.times_s[-1]))):
        return f"at the end it was {above / part.per:.0f} {part.unit} above all before, {part.values[-1] / part.per:.0f} {part.unit}"
    pace = late_pace(part.values, part.times_s)
    if pace * horizon_s < limit - median(part.values[-POINTS:]):
        return ""
    rose = f"{pace * 60 / part.per:.3g} {part.unit} a minute"
    return f"at the end it rose by {rose}, as never before: on like that, it meets its limit within the horizon"


def at_the_brink(part: Stretch, limit: float) -> str:
    """Whether it may have met its limit between two samples, or fell as what is killed there and begins anew."""
    values = np.asarray(part.values)
    steps = np.diff(values)
    rise, peak = max(0.0, float(steps.max(initial=0.0))), float(values.max())
    if peak + rise >= limit:
        return f"it was at {peak / MIB:.0f} of {limit / MIB:.0f} MiB, and rose by up to {rise / MIB:.0f} MiB from sample to sample"
    fell = np.flatnonzero((steps < -FALL * limit) & (values[:-1] + rise >= BRINK * limit))
    if part.alone or not len(fell):
        return ""
    high, low = values[fell[0]], values[fell[0] + 1]
    return f"it fell from {high / MIB:.0f} to {low / MIB:.0f} MiB, as what is killed at its limit of {limit / MIB:.0f} MiB does"


def still_rises(part: Stretch) -> str:
    """Whether a stretch too short for a fit was near its limit, or rose in its last third as if towards it. What begins rises first."""
    limit = part.limit
    if limit is None:
        return "it has no limit"
    third = max(1, len(part.values) // 3)
    middle, last = median(part.values[-2 * third : -third] or part.values[:1]), median(part.values[-third:])
    rose = last - middle > ROOM * max(0.0, limit - last)
    brink = at_the_brink(part, limit) if part.of == "memory" else ""
    return brink or (f"it rose to its end, {part.said}" if rose else "")


def _lives(journal: Journal, seen: Sequence[S], window: Window) -> Iterator[tuple[str, list[S]]]:
    """What was seen of each container in the window, cut at its restarts."""
    within = [one for one in seen if window.start_s <= one.at_s < window.end_s]
    for name in dict.fromkeys(one.container for one in within):
        mine = [one for one in within if one.container == name]
        for low_s, high_s in _between(_starts(journal.of(ContainerSeen, container=name))):
            if part := [one for one in mine if low_s <= one.at_s < high_s]:
                yield name, part


def _between(cuts: Sequence[float]) -> Iterator[tuple[float, float]]:
    return zip([-math.inf, *cuts], [*cuts, math.inf], strict=True)


def _starts(seen: Sequence[ContainerSeen]) -> list[float]:
    """When a container was seen with another start than before."""
    starts, last = [], ""
    for one in seen:
        if last and one.started_at and one.started_at != last:
            starts.append(one.at_s)
        last = one.started_at or last
    return starts


def _begun_anew(begun: RawSeries) -> list[float]:
    """The scrapes that found a process with another beginning than the one before."""
    return [float(at_s) for at_s in begun.t_s[1:][np.abs(np.diff(begun.value)) > START_ERROR_S]]
