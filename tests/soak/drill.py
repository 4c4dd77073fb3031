"""The drill of a soak: the small shop, which logs each request, one phase, the whole time the same rate and the same small fault."""

from __future__ import annotations

from pathlib import Path

SHOP = Path(__file__).parents[1] / "e2e" / "projects" / "shop"
VARIABLES = {"SHOP_LOG": "1"}
FAULT_EVERY = 20  # the fault is on for one part in so many, in the middle


def drill(minutes: float, rate_per_s: float) -> str:
    """A drill file's text. The limits are those of a crowded machine: a soak is about the harness, not about the shop."""
    length_s = minutes * 60
    return f"""
drill: soak
stack: {{compose: [{SHOP}/compose.yaml], ready_within: 300s}}
load:
  locustfile: {SHOP}/locustfile.py
  against: web:8080
  arrivals: [{{for: 1m, rate: {rate_per_s:g}/s}}]
  max_in_flight: 30
  timeout: 5s
steady: {{for: 5s, within: 5m, all: [errors < 50%]}}
phases:
  - name: steady
    for: {length_s:g}s
    faults: [{{latency: {{edge: web->store, delay: 50ms, after: {length_s / 2:g}s, for: {length_s / FAULT_EVERY:g}s}}}}]
    expect: [{{errors_below: {{ratio: 10%}}}}, {{log_quiet: {{service: web, matches: Traceback}}}}]
    then: [{{recovers: {{within: 60s}}}}]
expect: [{{stays_up: {{service: "*"}}}}]
abort: {{any: [errors > 90% for 2m], max_duration: {minutes + 30:g}m}}
"""
