"""Who is at fault when a stack does not start: the service, its exit code, what its health check printed, and what it logged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import CannotRun, Missing
from harness.quantities import numbered
from harness.stack.lastwords import in_order, last_words
from harness.stack.ready import State
from harness.world.docker_cli import docker

LOOKED_THROUGH = "5000"
"""So many of the last lines: enough to hold those with which a container began."""


def blamed(why: str, states: Sequence[State], kept: Path) -> CannotRun:
    """The error to raise, with one entry per container at fault. Its containers are gone when it is read: where the run
    keeps logs, the cure is to read them there."""
    found = []
    for state in states:
        logs = docker("logs", "--timestamps", "--tail", LOOKED_THROUGH, state.container)
        words = last_words(in_order(f"{logs.out}\n{logs.err}")) if logs.ok else ""
        again = f"{state.service} was restarted {numbered(state.restarts, 'time')}" if state.restarts else ""
        said = state.waits or again or f"{state.service} is {state.status}, exit code {state.exit_code}"
        cure = f"cat {kept}/*-{state.service}-*.log" if kept.is_dir() else ""
        told = f"{said}{f'; the last check {state.checked}' if state.checked else ''}"
        found.append(Missing(f"{told}; {words}" if words else told, cure))
    return CannotRun(Missing(f"the stack did not start: {why}"), *found)
