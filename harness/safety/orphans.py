"""Commands that a killed harness left running: a `docker compose up` would go on making what has just been taken away."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from harness.stack.changes.identity import RUN_LABEL, project_name

PROC = Path("/proc")
DOCKER = ("docker", "docker-compose")
GONE_S = 5.0


def end_orphans(run: str) -> list[str]:
    """Kill what a dead harness had started for this run and wait until it is gone; returns what they were, in words.

    Ours are Docker's commands on the run's project, containers or label, and whatever has DRILL_RUN in its environment, as a
    rollback's command has and all that it starts. Never called for a run that lives.
    """
    return _ended(dict(_orphans(run)))


def end_started_for(run: str, fault: str) -> list[str]:
    """The same of what one fault's command started alone, also in a run that lives and does not answer."""
    words = {f"DRILL_RUN={run}", f"DRILL_FAULT={fault}"}
    pids = (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid())
    return _ended({pid: " ".join(_command(pid)) for pid in pids if words <= set(_words(pid, "environ"))})


def _ended(found: dict[int, str]) -> list[str]:
    for pid in found:
        with contextlib.suppress(OSError):  # gone meanwhile, or somebody else's
            os.kill(pid, signal.SIGKILL)
    limit = time.monotonic() + GONE_S
    while found and time.monotonic() < limit and any(_command(pid) for pid in found):
        time.sleep(0.02)
    return list(found.values())


def _orphans(run: str) -> Iterator[tuple[int, str]]:
    for entry in PROC.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            pid = int(entry.name)
            words = _command(pid)
            if words and (_on_the_run(words, run) or f"DRILL_RUN={run}" in _words(pid, "environ")):
                yield pid, " ".join(words)


def _on_the_run(words: list[str], run: str) -> bool:
    project, label = project_name(run), f"{RUN_LABEL}={run}"
    ours = (word == project or word.startswith(f"{project}-") or word.endswith(label) for word in words)
    return Path(words[0]).name in DOCKER and any(ours)


def _command(pid: int) -> list[str]:
    return _words(pid, "cmdline")


def _words(pid: int, file: str) -> list[str]:
    """[] when it is gone, or is not ours to look at."""
    try:
        text = (PROC / str(pid) / file).read_bytes().decode("utf-8", "replace")
    except OSError:
        return []
    return text.rstrip("\0").split("\0") if text else []
