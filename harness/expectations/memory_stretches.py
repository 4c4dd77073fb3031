"""One process's memory, from its start to its end: where a service's or a metric's samples are cut, and what a fit does not show of one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from harness.alerting import shown
from harness.expectations.counters import START, START_ERROR_S
from harness.expectations.memory_growth import POINTS, late_pace
from harness.facts import ContainerChanged, ContainerSeen, MemorySeen
from harness.journal import Journal, Window
from harness.stats.theil_sen import BATCHES, Slope

if TYPE_CHECKING:
    from harness.series import Book, RawSeries

MIB = 1 << 20
LAST = 2 / BATCHES  # of a stretch: a rise that takes up no more than this is an outlier to the fit
ROOM = 0.05  # of what is left to the limit: less is no rise worth a doubt
BRINK, FALL = (
    0.85,
    0.25,
)  # of the limit: a kernel kills where resident memory is a little less than what its cgroup holds


@dataclass(frozen=True)
class Stretch:
    """Samples in bytes. `alone`: they are surely of one process, so that it freed itself what fell."""

    name: str
    times_s: Sequence[float]
    bytes_: Sequence[float]
    limit_bytes: float | None
    cited: tuple[str, ...] = ()
    alone: bool = False

    @property
    def enough(self) -> bool:
        return len(self.times_s) >= BATCHES * POINTS

    @property
    def said(self) -> str:
        return f"{self.bytes_[0] / MIB:.0f} to {self.bytes_[-1] / MIB:.0f} MiB in {self.times_s[-1] - self.times_s[0]:.1f} s"


def of_containers(journal: Journal, service: str, window: Window, limit: float | None) -> Iterator[Stretch]:
    seen = [s for s in journal.of(MemorySeen, service=service) if window.start_s <= s.at_s < window.end_s]
    for name in dict.fromkeys(one.container for one in seen):
        mine = [one for one in seen if one.container == name]
        for low_s, high_s in _between(_starts(journal.of(ContainerSeen, container=name))):
            if part := [one for one in mine if low_s <= one.at_s < high_s]:
                yield Stretch(
                    name,
                    [one.at_s for one in part],
                    [float(one.used_bytes) for one in part],
                    limit or part[-1].limit_bytes,
                    (part[0].cite, part[-1].cite),
                )


def of_metric(book: Book, metric: str, window: Window, limit: float | None) -> Iterator[Stretch]:
    for series in book[metric]:
        begun = next((one for one in book.get(START, ()) if one.target == series.target and len(one)), None)
        whole = series.between(window.start_s, window.end_s)
        for low_s, high_s in _between([] if begun is None else _begun_anew(begun)):
            part = whole.between(low_s, math.nextafter(high_s, -math.inf))
            if len(part):
                name = part.name + shown(part.labels, ("__name__",))
                yield Stretch(name, part.t_s.tolist(), part.value.tolist(), limit, alone=begun is not None)


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
    if said := at_the_brink(part, limit):
        return said
    times, values = np.asarray(part.times_s), np.asarray(part.bytes_)
    rest = values - (slope.level + slope.per_s * (times - slope.middle_s))
    before = rest[times < times[-1] - LAST * (times[-1] - times[0])]
    above = float(np.median(rest[-POINTS:]) - before.max())
    if above > max(float(np.ptp(before)), ROOM * (limit - slope.at(part.times_s[-1]))):
        return f"at the end it was {above / MIB:.0f} MiB above all before, {part.bytes_[-1] / MIB:.0f} MiB"
    pace = late_pace(part.bytes_, part.times_s)
    if pace * horizon_s < limit - median(part.bytes_[-POINTS:]):
        return ""
    return f"at the end it rose by {pace * 60 / MIB:.3g} MiB a minute, as never before: on like that, it meets its limit within the horizon"


def at_the_brink(part: Stretch, limit: float) -> str:
    """Whether it may have met its limit between two samples, or fell as what is killed there and begins anew."""
    values = np.asarray(part.bytes_)
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
    limit = part.limit_bytes
    if limit is None:
        return "it has no limit"
    third = max(1, len(part.bytes_) // 3)
    middle, last = median(part.bytes_[-2 * third : -third] or part.bytes_[:1]), median(part.bytes_[-third:])
    rose = last - middle > ROOM * max(0.0, limit - last)
    return at_the_brink(part, limit) or (f"it rose to its end, {part.said}" if rose else "")


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
