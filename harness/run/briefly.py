"""A short command of the user's own beside a run: given a deadline, and ended with all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

TAIL_BYTES = 300
END_S = 2.0


def ran(
    command: Sequence[str], directory: Path, timeout_s: float, *, given: str = "", more: Mapping[str, str] | None = None
) -> str:
    """'' when it ended with 0; else why not, in a sentence with the end of what it printed.

    given   its standard input
    more    variables beside this process's own
    """
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as into,
    ):  # no pipe: nobody waits for who keeps one open
        into.write(given.encode())
        into.seek(0)
        try:
            child = subprocess.Popen(
                list(command),
                cwd=directory,
                stdin=into,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(more or {})},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            return f"{command[0]} cannot be started: {why}"
        code: int | None = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = child.wait(timeout_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        if code is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(END_S)
            return f"{command[0]} did not end within {timeout_s:g} s"
        if code == 0:
            return ""
        out.seek(max(0, out.seek(0, os.SEEK_END) - TAIL_BYTES))
        said = " ".join(out.read().decode(errors="replace").split())
    return f"{command[0]} ended with {code}{': ' + said if said else ''}"
