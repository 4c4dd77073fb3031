"""The lanes of the timeline, top to bottom, one file each. A new one is a file and a line here."""

from __future__ import annotations

from harness.report.html.lanes import (
    alerts,
    arrivals,
    containers,
    faults,
    latency,
    lateness,
    logs,
    pages,
    phases,
    releases,
    run,
    survey,
    witness,
)
from harness.report.html.lanes.base import MakeLane

LANES: tuple[MakeLane, ...] = (
    phases.lane,
    faults.lane,
    arrivals.lane,
    latency.lane,
    alerts.lane,
    pages.lane,
    releases.lane,
    witness.lane,
    containers.lane,
    logs.lane,
    survey.lane,
    lateness.lane,
    run.lane,
)
