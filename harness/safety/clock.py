"""The run's clock for whoever comes from outside, maybe long after: never before what the run itself has written."""

from __future__ import annotations

import time

from harness.facts import Opened
from harness.following import Following
from harness.run.clock import MonotonicClock, boot_id
from harness.run.folder import RunFolder

SILENT_S = 3.0
"""A harness that lives writes down its clock every second."""


def clock_of(folder: RunFolder) -> MonotonicClock:
    """Seconds since the run was opened, as its own clock had them.

    CLOCK_MONOTONIC begins anew with the machine. After a reboot the wall clock tells how long ago the run was opened, and
    where that was set back, its last fact does: what is written now comes after it.
    """
    seen = Following(folder.path, (Opened,))
    opened = seen.journal().opened
    now_ns = time.monotonic_ns()
    if opened is None:
        return MonotonicClock(now_ns - round(seen.end_s * 1e9))
    since_s = (now_ns - opened.monotonic_ns) / 1e9
    if since_s < seen.end_s or (opened.boot and opened.boot != boot_id()):
        since_s = max(seen.end_s, time.time() - opened.wall_unix_s)
        return MonotonicClock(now_ns - round(since_s * 1e9))
    return MonotonicClock(opened.monotonic_ns)
