"""How long it takes until nothing of a dead run is left, when nobody types a command."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

from matrix.kills.play import left
from matrix.live import LABEL, docker

WATCHDOG = "drill-watchdog"
LOOK_EVERY_S = 0.25


def watchdog(run: str) -> int:
    """The process of the run's watchdog, as the machine numbers it; 0 when there is none (yet)."""
    if not run:
        return 0
    filters = ("--filter", f"label={LABEL}={run}", "--filter", f"label=com.docker.compose.service={WATCHDOG}")
    for name in docker("ps", "--quiet", *filters).split():
        with contextlib.suppress(subprocess.CalledProcessError, LookupError):  # gone meanwhile
            return int(json.loads(docker("inspect", name))[0]["State"]["Pid"])
    return 0


def end_watchdog(run: str) -> bool:
    """Kill its process, so that Docker starts it again (as it does not after `docker kill`); whether there was one."""
    pid = watchdog(run)
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(pid)


def await_gone(place: Path, run: str, died_s: float, within_s: float) -> float | None:
    """Seconds from the death until nothing was left, looked at again and again; None when something still is.

    died_s   of time.monotonic
    """
    while list(left(place, run)):
        if time.monotonic() > died_s + within_s:
            return None
        time.sleep(LOOK_EVERY_S)
    return round(time.monotonic() - died_s, 2)
