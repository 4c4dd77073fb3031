"""The run's clock: seconds since it was opened, on the clock that never steps."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class MonotonicClock:
    """`opened_ns` is CLOCK_MONOTONIC at second 0; the same in every process of this host."""

    opened_ns: int

    def now_s(self) -> float:
        return (time.monotonic_ns() - self.opened_ns) / 1e9

    def wall_s(self) -> float:
        return time.time()

    def wait_until(self, at_s: float) -> None:
        time.sleep(max(0.0, at_s - self.now_s()))


def boot_id() -> str:
    """The kernel's name for the time since this machine was started; '' where it gives none."""
    try:
        return BOOT.read_text().strip()
    except OSError:
        return ""
