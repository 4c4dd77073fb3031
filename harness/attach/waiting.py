"""Containers in whose place a run put others, found by their names alone: they get their own name back, and run again. Idempotent."""

from __future__ import annotations

from harness.attach.record import WAITS
from harness.errors import CannotRun, NotApplied
from harness.stack.changes.identity import RUN_LABEL
from harness.world.docker import connect, refusing
from harness.world.docker_cli import asked

START_S = 60.0


def wake(run: str) -> list[str]:
    """Once what stood in their place is gone. Returns what could not be done, a line each."""
    try:
        names = asked("ps", "--all", "--filter", f"name={WAITS}{run}", "--format", "{{.Names}}").split()
    except CannotRun as error:
        return [f"containers that wait for run {run} to end: {' '.join(str(error).split())}"]
    left = []
    for waiting in names:
        name = waiting.removesuffix(f"{WAITS}{run}")
        try:
            _wake(waiting, name)
        except NotApplied as error:
            left.append(f"{waiting}: {error}; {'; '.join(by_hand(run, waiting, name))}")
    return left


def by_hand(run: str, waiting: str, name: str) -> tuple[str, str]:
    """What a person types for the same. What stands in its place bears the run's label, and is removed by that: so no container of the
    project's own is, however often this is typed."""
    remove = f"docker rm -f $(docker ps -aq --filter label={RUN_LABEL}={run})"
    return remove, f"docker rename {waiting} {name} && docker start {name}"


def _wake(waiting: str, name: str) -> None:
    with refusing(f"let {name} run again"):
        client = connect(START_S)
        try:
            client.api.rename(waiting, name)
            client.api.start(name)
        finally:
            client.close()
