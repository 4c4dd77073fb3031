"""The clocks: this machine's go at one pace, and the engine's are the same (one monotonic clock times a run)."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from datetime import datetime

from harness.doctor.docker_cli import docker
from harness.doctor.seen import Say, Seen

PACE_S = 0.05
PACE_ERROR_S = 0.02
APART_S = 2.0
NOT_BEFORE = datetime(2025, 1, 1).timestamp()


@dataclass(frozen=True)
class ClockCheck:
    """Network time is not needed; one kernel is: its monotonic clock is common to harness and containers."""

    name: str = "clock"
    needs: tuple[str, ...] = ("engine",)

    def look(self) -> Seen:
        if time.time() < NOT_BEFORE:
            return Seen(self.name, "missing", f"the date is wrong: {datetime.now():%Y-%m-%d}", "date --set …")
        pace = min(abs(pace_error_s()) for _ in range(3))
        if pace > PACE_ERROR_S:
            what = f"wall and monotonic clock part by {pace * 1e3:.0f} ms within {PACE_S * 1e3:.0f} ms"
            return Seen(self.name, "missing", what, "stop whatever is setting the clock, and try again")
        before = time.time()
        told = docker("info", "--format", "{{.SystemTime}} {{.KernelVersion}}").out.split()
        after = time.time()
        if len(told) != 2:
            return Seen(self.name, "missing", "the engine does not tell its time", "docker info")
        return self.compare(engine_s=parse_time(told[0]), kernel=told[1], before=before, after=after)

    def fix(self, say: Say) -> None:
        """The clock of a machine is its owner's."""

    def compare(self, engine_s: float, kernel: str, before: float, after: float) -> Seen:
        here = platform.release()
        if kernel != here:
            what = f"the engine runs on another kernel ({kernel}, here {here}): their times cannot be compared"
            return Seen(self.name, "missing", what, "run drill on the engine's own Linux machine")
        apart = max(before - engine_s, engine_s - after, 0.0)
        if apart > APART_S:
            return Seen(self.name, "missing", f"the engine's clock is {apart:.1f} s off", "restart Docker Engine")
        return Seen(self.name, "ok", "wall and monotonic go at one pace; the engine's are the same")


def pace_error_s() -> float:
    """How far the wall clock runs from the monotonic one over a short while, in seconds."""
    monotonic, wall = time.monotonic(), time.time()
    time.sleep(PACE_S)
    return (time.time() - wall) - (time.monotonic() - monotonic)


def parse_time(text: str) -> float:
    """Seconds since 1970 of an RFC 3339 time with nine decimals, as Docker writes it."""
    whole, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    zone = rest[len(digits) :] if dot else ""
    return datetime.fromisoformat(whole + zone).timestamp() + (float(f"0.{digits}") if digits else 0.0)
