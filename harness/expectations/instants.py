"""When something happened, as an interval on the run's axis."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Instant:
    """Something happened in [low_s, high_s]; `cite` is the fact or the row that tells."""

    low_s: float
    high_s: float
    cite: str = ""

    def and_then(self, other: Instant | None) -> Instant:
        """When both had happened."""
        if other is None:
            return self
        later = self if self.high_s >= other.high_s else other
        return Instant(max(self.low_s, other.low_s), later.high_s, later.cite)
