"""The load itself: how late its arrivals began, and its share of a core. What it measures is worth no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.facts import LoadSampled
from harness.report.html.lanes.base import Chart, Series

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story

MOST = 1200


def lane(story: Story, _seconds: Seconds | None) -> Chart | None:
    samples = story.journal.of(LoadSampled)
    if not samples:
        return None
    step = -(-len(samples) // MOST)
    groups = [samples[i : i + step] for i in range(0, len(samples), step)]
    return Chart(
        "lateness",
        "Lateness of the load itself",
        "ms",
        tuple(group[0].seen_s for group in groups),
        float(step),
        (Series("latest start", tuple(max(sample.late_ms for sample in group) for group in groups), "plain"),),
        note="The latest beginning of an arrival in each second, by the load process itself.",
    )
