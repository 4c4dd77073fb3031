"""Where what a process holds is going: its slope over batch medians, and when it would meet its limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.expectations.leak_stretches import Stretch
from harness.quantities import figures, spell
from harness.stats.proportions import p_beyond
from harness.stats.theil_sen import Slope, batch_medians, theil_sen
from harness.verdict import Measure


@dataclass(frozen=True)
class Course:
    """`times` and `values` are batch medians; from the end on it takes [low_s, high_s] until the limit is met."""

    part: Stretch
    limit: float
    times: Sequence[float]
    values: Sequence[float]
    slope: Slope

    @property
    def now(self) -> float:
        return self.values[-1]

    @property
    def end_s(self) -> float:
        return self.part.times_s[-1]

    @property
    def until_s(self) -> tuple[float, float]:
        return self.slope.until(self.limit, self.end_s)

    @property
    def measure(self) -> Measure:
        low_s, high_s = self.until_s
        return Measure(round(low_s / 3600, 4), round(high_s / 3600, 4), "h", "sampling")

    @property
    def details(self) -> tuple[tuple[str, str], ...]:
        part, digits = self.part, 2 if self.part.of == "memory" else 1
        return (
            ("window", f"{part.times_s[0]:.1f} s to {self.end_s:.1f} s, {len(part.times_s)} samples"),
            (f"batch medians ({part.unit})", " ".join(f"{value / part.per:.{digits}f}" for value in self.values)),
        )

    def said(self, horizon_s: float) -> str:
        part, slope = self.part, self.slope
        low, high = (figures(per_s * 60 / part.per, signed=True) for per_s in (slope.low, slope.high))
        full = f"full {_when(*self.until_s)} (horizon {_h(horizon_s)})"
        return (
            f"{part.name}: {low} to {high} {part.unit} a minute, "
            f"{self.now / part.per:.0f} of {self.limit / part.per:.0f} {part.unit} now: {full}"
        )

    def p_value(self, horizon_s: float) -> float:
        """Of "it meets the limit no sooner than just at the horizon"."""
        growth = (self.limit - self.slope.level) / (horizon_s + self.end_s - self.slope.middle_s)
        return p_beyond(lambda confidence: theil_sen(self.values, self.times, confidence).low, growth)


def course_of(part: Stretch, limit: float) -> Course:
    times, values = medians_of(part.values, part.times_s)
    return Course(part, limit, times, values, theil_sen(values, times))


def medians_of(values: Sequence[float], times_s: Sequence[float]) -> tuple[list[float], list[float]]:
    """Times and values of the batches."""
    points = batch_medians(values, times_s, times_s[0], math.nextafter(times_s[-1], math.inf))
    return [at_s for at_s, _ in points], [value for _, value in points]


def _when(low_s: float, high_s: float) -> str:
    if math.isinf(low_s):
        return "never"
    return f"after {_h(low_s)} or more" if math.isinf(high_s) else f"after {_h(low_s)} to {_h(high_s)}"


def _h(value_s: float) -> str:
    return f"{figures(value_s / 3600)} h" if value_s >= 3600 else spell(round(value_s, 1))
