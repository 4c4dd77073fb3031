"""What Prometheus has counted of checkouts: by version and customers' segment, how many, how many failed, and how fast."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

ASK_S = 2.0
WHO = 'count by (version, track) (build_info{job="api"})'
HOW_MANY = 'sum by (version, segment, outcome) (checkout_attempts_total{job="api"})'
HOW_FAST = 'sum by (version, segment, le) (checkout_attempt_duration_seconds_bucket{job="api"})'

Key = tuple[str, str]
"""A version and a segment."""


@dataclass(frozen=True)
class Counts:
    """Attempts, how many of them ended with an error of ours, and how many took at most so many seconds (le: count)."""

    n: float = 0.0
    errors: float = 0.0
    within: Mapping[float, float] = field(default_factory=dict)

    def since(self, before: Counts) -> Counts:
        """What came after. A counter that began anew has lost what it had: what it shows is then all that is known."""
        if self.n < before.n or self.errors < before.errors:
            return self
        within = {le: count - before.within.get(le, 0.0) for le, count in self.within.items()}
        return Counts(self.n - before.n, self.errors - before.errors, within)

    def p95_s(self) -> float | None:
        """The bucket's bound that 95 of 100 are within, in s; infinite where they lie beyond the last; None without any."""
        if self.n <= 0:
            return None
        return min((le for le, count in self.within.items() if count >= 0.95 * self.n), default=None)


def added(many: Iterable[Counts]) -> Counts:
    n = errors = 0.0
    within: dict[float, float] = defaultdict(float)
    for one in many:
        n, errors = n + one.n, errors + one.errors
        for le, count in one.within.items():
            within[le] += count
    return Counts(n, errors, within)


class Prometheus:
    """Raises OSError or ValueError when it cannot be had, or says something else."""

    def __init__(self, url: str) -> None:
        self._url = url

    def versions(self) -> tuple[set[str], set[str]]:
        """The versions that the canary and the other replicas run."""
        canary: set[str] = set()
        others: set[str] = set()
        for labels, _ in self._ask(WHO):
            (canary if labels.get("track") == "canary" else others).add(labels["version"])
        return canary, others

    def counts(self) -> dict[Key, Counts]:
        found: dict[Key, dict[str, float]] = defaultdict(dict)
        within: dict[Key, dict[float, float]] = defaultdict(dict)
        for labels, value in self._ask(HOW_MANY):
            found[labels["version"], labels["segment"]][labels["outcome"]] = value
        for labels, value in self._ask(HOW_FAST):
            within[labels["version"], labels["segment"]][float(labels["le"].replace("+Inf", "inf"))] = value
        return {key: Counts(sum(by.values()), by.get("error", 0.0), within.get(key, {})) for key, by in found.items()}

    def _ask(self, query: str) -> list[tuple[dict[str, str], float]]:
        address = f"{self._url}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        with urllib.request.urlopen(address, timeout=ASK_S) as answer:
            told: Any = json.load(answer)
        if told.get("status") != "success":
            raise ValueError(f"Prometheus: {told.get('error')}")
        return [(one["metric"], float(one["value"][1])) for one in told["data"]["result"]]
