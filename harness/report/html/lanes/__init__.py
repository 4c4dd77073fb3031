"""The lanes of the timeline, top to bottom, one file each. A new one is a file and a line here."""

from __future__ import annotations

from harness.report.html.lanes import (
    alerts,
    arrivals,
    containers,
    durations,
    faults,
    latency,
    lateness,
    logs,
    pages,
    people,
    phases,
    releases,
    run,
    story,
    survey,
    versions,
    witness,
)
from harness.report.html.lanes.base import MakeLane

LANES: tuple[MakeLane, ...] = (
    phases.lane,
    faults.lane,
    arrivals.lane,
    latency.lane,
    versions.lane,
    releases.lane,
    alerts.lane,
    pages.lane,
    people.lane,
    story.lane,
    durations.lane,
    witness.lane,
    containers.lane,
    logs.lane,
    survey.lane,
    lateness.lane,
    run.lane,
)
