"""A signal for the harness of a run, sent only where the number of its process means that process."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.inside.pulse import gone, here
from harness.run.shut import owner


def signalled(number: signal.Signals, harness: Mapping[str, Any]) -> str:
    """Why `harness`, as it told of itself, was not sent it, and where it can be ended; '' when it was, or is gone."""
    pid = int(harness["pid"])
    if not here(harness):  # that number is somebody else here, in a container's namespace often process 1
        host = harness.get("host", "")
        where, whole = (f", {host}", f" (a container: docker kill {host})") if host else ("", "")
        return f"its process {pid} is of another machine or container{where}: end it there{whole}"
    try:
        if not gone(harness):
            os.kill(pid, number)
    except ProcessLookupError:  # it ended just now
        pass
    except PermissionError:
        whose = owner(Path(f"/proc/{pid}")) or "another user"
        return f"its process {pid} is {whose}'s: sudo kill {pid}"
    return ""
