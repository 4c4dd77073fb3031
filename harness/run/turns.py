"""What the runs folder remembers of scheduled runs: the times that were taken, each once, and the runs that were refused.

Two processes may write at once: each holds the file while it reads and writes, and a line that a power cut left open is closed first.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from harness.errors import CannotRun
from harness.run.stored import REFUSED_FILE, instant
from harness.schedule.turn import Turn

TAKEN_FILE = "scheduled.jsonl"
"""A line for each time that was taken: {"due_unix_s", "at_unix_s", "drill", "schedule"}; `schedule` is what it was due by."""


def take(
    runs: Path, drill: str, schedule: str, decide: Callable[[datetime | None], Turn], now: datetime
) -> tuple[Turn, datetime | None]:
    """Decide, knowing the last time that was taken, and take what is decided: of two that come at once one gets it.

    Returns the turn and the time before it by the same schedule, None where none is known. Raises CannotRun.
    """
    with _held(runs / TAKEN_FILE) as file:
        mine = [one for one in _lines(file) if one.get("drill") == drill]
        taken = max((at for one in mine if (at := instant(one.get("due_unix_s"))) is not None), default=None)
        before = max(
            (
                at
                for one in mine
                if one.get("schedule") == schedule and (at := instant(one.get("due_unix_s"))) is not None
            ),
            default=None,
        )
        turn = decide(taken)
        if turn.at is not None:
            told = {
                "due_unix_s": turn.at.timestamp(),
                "at_unix_s": now.timestamp(),
                "drill": drill,
                "schedule": schedule,
            }
            _add(file, told)
    return turn, before


def refused(runs: Path, drill: str, reason: str, at_unix_s: float) -> None:
    """Write down a run that was refused, for `drill runs`. Raises CannotRun."""
    with _held(runs / REFUSED_FILE) as file:
        _add(file, {"at_unix_s": at_unix_s, "drill": drill, "reason": reason})


def _lines(file: BinaryIO) -> Iterator[dict[str, Any]]:
    file.seek(0)
    for text in file.read().decode("utf-8", "replace").splitlines():
        with contextlib.suppress(ValueError, RecursionError):  # cut by a power failure
            line = json.loads(text)
            if isinstance(line, dict):
                yield line


def _add(file: BinaryIO, line: Mapping[str, Any]) -> None:
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        whole = file.read(1) == b"\n"
    else:
        whole = True
    file.write((b"" if whole else b"\n") + json.dumps(line).encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())


@contextlib.contextmanager
def _held(path: Path) -> Iterator[BinaryIO]:
    """The file, appended to, and nobody else's meanwhile; the kernel lets go when its holder ends."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
    except OSError as error:
        raise CannotRun(f"{path} cannot be written: {error.strerror or error}") from error
