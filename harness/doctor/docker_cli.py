"""Commands as doctor asks them: it looks at machines where they may not be there, and so that is an answer too."""

from __future__ import annotations

from pathlib import Path

from harness.errors import CannotRun
from harness.world.docker_cli import Answer, run

LOOK_S = 15.0
"""Seconds that a question may take before it counts as not answered."""


def ask(*command: str, timeout_s: float = LOOK_S, cwd: Path | None = None) -> Answer:
    """Run a command to its end, quietly. Never raises: a missing program is 127, one that hangs is 124."""
    try:
        return run(command, within_s=timeout_s, cwd=cwd)
    except CannotRun:
        return Answer(127, "", f"{command[0]}: no such program")
    except PermissionError as error:
        return Answer(126, "", str(error))


def docker(*args: str, timeout_s: float = LOOK_S) -> Answer:
    """`docker ARGS`, see ask()."""
    return ask("docker", *args, timeout_s=timeout_s)
