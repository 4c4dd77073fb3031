"""The `docker` command as doctor uses it: it knows contexts, DOCKER_HOST and ssh, which a socket of ours would not."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

LOOK_S = 15.0
"""Seconds that a question to Docker may take before it counts as not answered."""

PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""Handed on to builds as build arguments where they are set; Docker knows them and keeps them out of the image."""


@dataclass(frozen=True)
class Answer:
    """What a command answered: its exit code (127 no such program, 124 no answer in time), output and errors."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def why(self) -> str:
        """The line that says why it failed: the last one that is not empty, of the errors or else of the output."""
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        return lines[-1] if lines else f"ended with {self.code}"


def ask(*command: str, timeout_s: float = LOOK_S, stdin: int = subprocess.DEVNULL, cwd: str | None = None) -> Answer:
    """Run a command to its end, quietly. Never raises: a missing program is 127, one that hangs is 124."""
    try:
        done = subprocess.run(
            command,
            stdin=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
    except FileNotFoundError:
        return Answer(127, "", f"{command[0]}: no such program")
    except PermissionError as error:
        return Answer(126, "", str(error))
    except subprocess.TimeoutExpired:
        return Answer(124, "", f"{' '.join(command[:3])}: no answer within {timeout_s:g} s")
    return Answer(done.returncode, done.stdout, done.stderr)


def docker(*args: str, timeout_s: float = LOOK_S) -> Answer:
    """`docker ARGS`, see ask()."""
    return ask("docker", *args, timeout_s=timeout_s)


def image_exists(tag: str) -> bool:
    """Whether Docker has an image of this name. False too where Docker does not answer."""
    return docker("image", "inspect", "--format", "{{.Id}}", tag).ok


def proxy_build_args() -> list[str]:
    """`--build-arg http_proxy` … for each proxy variable that is set (the value is taken from the environment)."""
    return [part for name in PROXY_VARIABLES if os.environ.get(name) for part in ("--build-arg", name)]
