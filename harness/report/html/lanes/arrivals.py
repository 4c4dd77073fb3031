"""Arrivals and what became of them: requests due in each second, stacked by outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.html.lanes.base import Chart, Series

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story


def lane(_story: Story, seconds: Seconds | None) -> Chart | None:
    if seconds is None:
        return None
    every = "second" if seconds.width_s == 1 else f"{seconds.width_s:g} seconds"
    series = tuple(Series(name, tuple(float(n) for n in counts), name) for name, counts in seconds.counts.items())
    return Chart(
        "arrivals",
        f"Requests due in each {every}",
        "requests",
        seconds.start_s,
        seconds.width_s,
        series,
        stacked=True,
        note="Each request counts in the second in which it was due, by what became of it.",
    )
