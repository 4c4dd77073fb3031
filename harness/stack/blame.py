"""Who is at fault when a stack does not start: the service, its exit code, and the last lines it said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import CannotRun, Missing
from harness.quantities import numbered
from harness.stack.ready import State
from harness.world.docker_cli import docker


def blamed(why: str, states: Sequence[State], kept: Path) -> CannotRun:
    """The error to raise, with one entry per container at fault. Its containers are gone when it is read: where the run
    keeps logs, the cure is to read them there."""
    found = []
    for state in states:
        logs = docker("logs", "--tail", "15", state.container)
        tail = "\n".join(f"    {line}" for line in (logs.out + logs.err).splitlines()[-15:])
        again = f"{state.service} was restarted {numbered(state.restarts, 'time')}" if state.restarts else ""
        said = state.waits or again or f"{state.service} is {state.status}, exit code {state.exit_code}"
        cure = f"cat {kept}/*-{state.service}-*.log" if kept.is_dir() else ""
        found.append(Missing(f"{said}; its last lines:\n{tail}" if tail else said, cure))
    return CannotRun(Missing(f"the stack did not start: {why}"), *found)
