"""The numbers of a run that runs are compared by, from its verdict.json: each with its interval and on a scale where noise is even. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.quantities import figures
from harness.stats.condition import show_ms

DETECTION, PAGE, RECOVERY, FALSE_ALARMS = "detection", "page", "recovery", "false alarms"
P95, ERRORS, CLAIM, OUTCOME = "p95", "errors", "claim", "outcome"
_TOPICS = {
    "alert_fires": DETECTION,
    "page_sent": PAGE,
    "recovers": RECOVERY,
    "rolled_back": RECOVERY,
    "healed": RECOVERY,
}
LONGEST_MS = 600_000.0  # what "no answer" is counted as among other times
RESOLUTIONS = {"time": 0.02, "count": 0.3, "share": 0.1, "outcome": 0.2}
"""The least noise that is believed, on each scale: runs that agree more closely than this agree by the grain of what is measured."""


@dataclass(frozen=True)
class Number:
    """
    topic      what it tells of: detection, page, recovery, false alarms, p95, errors, claim (another claim's measure), outcome
    value      in `unit` (s, ms, a share of 1, a count; of an outcome 1 passed and 0 failed); inf: no answer
    low, high  its interval, in the same unit; None where a side has no bound, or there is none
    scale      time (log), count (log), share (log odds), outcome
    x          the value on its scale
    at_least   it was not seen to its end: the value is its lower bound
    """

    key: str
    topic: str
    value: float
    low: float | None
    high: float | None
    unit: str
    scale: str
    x: float
    at_least: bool = False

    def __str__(self) -> str:
        if self.scale == "outcome":
            return "passed" if self.value else "failed"
        sign = "≥ " if self.at_least else ""
        return sign + shown(self.value, self.unit)

    @property
    def interval(self) -> str:
        """As '(210 to 260 ms)'; '' where it is exact or not known."""
        if (self.low is None and self.high is None) or self.low == self.high or self.at_least:
            return ""
        low = shown(self.low or 0.0, self.unit)
        return f" ({low} to {shown(self.high, self.unit)})" if self.high is not None else f" (at least {low})"


def shown(value: float, unit: str) -> str:
    if unit == "ms":
        return "no answer" if not math.isfinite(value) else show_ms(value)
    if unit == "share":
        return figures(value) if value == 0 else f"{figures(100 * value)}%"
    return f"{figures(value)} {unit}".rstrip()


def numbers_of(document: Mapping[str, Any]) -> dict[str, Number]:
    """All numbers of a run, by key, in the order of the document. What is not understood is left out."""
    found = (
        *_claims(_dicts(document.get("findings"))),
        *_false_alarms(document.get("detection")),
        *_requests(_dicts(document.get("phases"))),
    )
    return {number.key: number for number in found}


def of_a_request(number: Number) -> bool:
    """Whether it is of one request name in one phase: 'slow: GET / p95', where the phase's own is 'slow: p95'."""
    return number.topic in (P95, ERRORS) and not number.key.endswith((": p95", ": errors"))


def back(x: float, scale: str) -> float:
    """The value on no scale of a point on one."""
    if scale == "share":
        return 1 / (1 + math.exp(-x))
    return x if scale == "outcome" else max(0.0, math.expm1(min(x, 700.0)))


def _claims(findings: list[dict[str, Any]]) -> Iterator[Number]:
    for finding in findings:
        id_, outcome = str(finding.get("id")), finding.get("outcome")
        if outcome in ("passed", "failed"):
            held = float(outcome == "passed")
            yield Number(id_, OUTCOME, held, None, None, "", "outcome", held)
        measure = finding.get("measure")
        low = _number(measure.get("low")) if isinstance(measure, dict) else None
        if not isinstance(measure, dict) or low is None or low < 0:
            continue
        high, unit = _number(measure.get("high")), str(measure.get("unit"))
        topic = _TOPICS.get(str(finding.get("text")).partition(":")[0], CLAIM)
        value = low if high is None else (low + high) / 2
        scale = "time" if unit in ("s", "ms") else "count"
        yield Number(f"{id_} measured", topic, value, low, high, unit, scale, math.log1p(value), high is None)


def _false_alarms(detection: Any) -> Iterator[Number]:
    """Those of all the run; None was counted where the drill's stack has no monitoring."""
    if isinstance(detection, dict) and isinstance(detection.get("false_alarms"), list):
        count = float(len(detection["false_alarms"]))
        yield Number("run false alarms", FALSE_ALARMS, count, count, count, "", "count", math.log1p(count))


def _requests(phases: list[dict[str, Any]]) -> Iterator[Number]:
    for phase in phases:
        name = str(phase.get("name"))
        yield from _figures(phase, f"{name}:")
        for line in _dicts(phase.get("by_request")):
            yield from _figures(line, f"{name}: {line.get('request')}")


def _figures(line: Mapping[str, Any], key: str) -> Iterator[Number]:
    n, errors = _number(line.get("requests")), _number(line.get("errors"))
    if not n or errors is None or not 0 <= errors <= n:
        return
    p95 = _number(line.get("p95_ms"))
    value = math.inf if p95 is None else max(0.0, p95)  # a p95 of requests that is not finite was written as null
    low, high = _pair(line.get("p95_interval_ms"))
    yield Number(f"{key} p95", P95, value, low, high, "ms", "time", math.log1p(min(value, LONGEST_MS)))
    low, high = _pair(line.get("error_interval"))
    odds = math.log((errors + 0.5) / (n - errors + 0.5))
    yield Number(f"{key} errors", ERRORS, errors / n, low, high, "share", "share", odds)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _pair(value: Any) -> tuple[float | None, float | None]:
    return (_number(value[0]), _number(value[1])) if isinstance(value, list) and len(value) == 2 else (None, None)
