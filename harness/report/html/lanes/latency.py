"""Latency: percentiles of each second, from the intended time to the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.html.lanes.base import Chart, Series

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story


def lane(_story: Story, seconds: Seconds | None) -> Chart | None:
    if seconds is None:
        return None
    return Chart(
        "latency",
        "Time to the answer",
        "ms",
        seconds.start_s,
        seconds.width_s,
        tuple(Series(name, values, name) for name, values in seconds.latency.items()),
        log=True,
        note="Counted from when each request was due, not from when it was sent; a request without an answer took for ever.",
    )
