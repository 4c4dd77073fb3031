"""What several workers tell of their second, as one load would tell it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class Heard:
    """A sample of the whole load is there once each of its workers has told of a second: one that hangs is heard as silence."""

    def __init__(self) -> None:
        self._waiting: dict[int, dict[str, Any]] = {}
        self.last_due_us = 0

    def sample(self, worker: int, told: Mapping[str, Any], alive: Iterable[int]) -> dict[str, Any] | None:
        """One worker's second. Returns the load's, when this completes it."""
        self.last_due_us = max(self.last_due_us, told["last_due_us"])
        before = self._waiting.get(worker)
        self._waiting[worker] = _together([before, told] if before else [told])
        return self.whole(alive)

    def whole(self, alive: Iterable[int]) -> dict[str, Any] | None:
        """The load's second, once each worker that is alive has told of its own; to be asked, too, when one dies."""
        if not self._waiting or not self._waiting.keys() >= set(alive):
            return None
        told, self._waiting = self._waiting, {}
        return {**_together(told.values()), "last_due_us": self.last_due_us}


def _together(samples: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Arrivals add up; of a core's share, as of the lateness, the greatest counts: one process that cannot keep up is one too many."""
    samples = list(samples)
    most = {key: max(sample[key] for sample in samples) for key in ("cpu_ratio", "late_ms")}
    return most | {key: sum(sample[key] for sample in samples) for key in ("due", "dropped")}
