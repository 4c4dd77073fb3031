"""The run's own metrics, for the stack's own Prometheus: phase, faults that are on, arrivals, outcomes.

`python3 -m harness.inside metrics FILE` serves them on port 9464 from a small JSON file that the harness writes each second:

    {"drill": "…", "run": "…", "phase": "…", "faults": [{"fault": "…", "target": "…", "on": true}], "arrivals": 7,
     "outcomes": {"ok": 7}, "written_unix_s": 0.0}

A file that is not there, or not whole, gives no samples: a gap, never a wrong number. The end of stdin is its end.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

PORT = 9464


class FromFile:
    """Reads the file anew at each scrape."""

    def __init__(self, path: str) -> None:
        self._path = path

    def collect(self) -> Iterator[Any]:
        try:
            with open(self._path, encoding="utf-8") as file:
                state = json.load(file)
        except (OSError, ValueError):
            return
        yield from families(state)


def families(state: dict[str, Any]) -> Iterator[Any]:
    """The state as metrics; every fault of the plan and every outcome is there from the beginning, at 0."""
    about = [str(state.get("drill", "")), str(state.get("run", ""))]
    phase = GaugeMetricFamily(
        "drill_phase_info", "The phase that the rehearsal is in.", labels=["drill", "run", "phase"]
    )
    phase.add_metric([*about, str(state.get("phase", ""))], 1)
    yield phase
    faults = GaugeMetricFamily("drill_fault_on", "Whether a fault is on now.", labels=["fault", "target"])
    for fault in state.get("faults", ()):
        faults.add_metric([str(fault["fault"]), str(fault["target"])], 1.0 if fault["on"] else 0.0)
    yield faults
    arrivals = CounterMetricFamily("drill_arrivals", "Arrivals of the load that were due.")
    arrivals.add_metric([], float(state.get("arrivals", 0)))
    yield arrivals
    requests = CounterMetricFamily("drill_requests", "Requests of the load that have ended.", labels=["outcome"])
    for outcome, count in sorted(state.get("outcomes", {}).items()):
        requests.add_metric([str(outcome)], float(count))
    yield requests
    age = GaugeMetricFamily("drill_state_age_seconds", "How old the numbers beside this one are.")
    age.add_metric([], max(0.0, time.time() - float(state.get("written_unix_s", 0.0))))
    yield age


def main(argv: list[str]) -> int:
    """Serves until stdin ends. Returns 2 without exactly one file."""
    if len(argv) != 1:
        print("usage: python3 -m harness.inside metrics FILE", file=sys.stderr)
        return 2
    registry = CollectorRegistry()
    registry.register(FromFile(argv[0]))
    start_http_server(PORT, registry=registry)
    print(json.dumps({"ready": PORT}), flush=True)
    sys.stdin.read()
    return 0
