"""The `docker` command with a deadline: every call ends, also when Docker does not answer or we are interrupted.

It knows contexts, DOCKER_HOST and ssh, which a socket of ours would not.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import CannotRun, Missing

LOOK_S = 20.0
"""Seconds that a question to Docker may take. Under load it answers in one or two; later than this it is wedged."""

CURE = "drill doctor --fix"

TIMED_OUT = 124
"""The exit code of a command that was killed at its deadline."""

PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""Handed on to builds as build arguments where they are set; Docker knows them and keeps them out of the image."""


@dataclass(frozen=True)
class Answer:
    """What a command answered: its exit code (124 when it did not end in time and was killed), output and errors."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def why(self) -> str:
        """The last lines that are not empty, of the errors or else of the output: what a person needs to read."""
        lines = [line.rstrip() for line in (self.err.strip() or self.out).splitlines() if line.strip()]
        return "\n".join(lines[-12:]) or f"ended with {self.code}"

    @property
    def last(self) -> str:
        """The last of these lines: why, in one."""
        return self.why.splitlines()[-1].strip()


def run(
    argv: Sequence[str],
    *,
    within_s: float = LOOK_S,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    stdin: str = "",
) -> Answer:
    """Run a command in a process group of its own and wait for its end; the whole group is killed at the deadline or
    when we are interrupted, so that a Ctrl-C reaches us and not, half-way, the command.

    Raises CannotRun where the program does not exist.
    """
    env = {**(os.environ if environ is None else environ), "LC_ALL": "C.UTF-8"}
    child: subprocess.Popen[str] | None = None
    try:
        with _starting():
            child = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                cwd=cwd,
                env=env,
                start_new_session=True,
            )
        out, err = child.communicate(stdin, timeout=max(within_s, 0.1))
    except FileNotFoundError as error:
        raise CannotRun(Missing(f"{argv[0]}: no such program", CURE)) from error
    except subprocess.TimeoutExpired:
        _kill(child)
        return Answer(TIMED_OUT, "", f"{' '.join(argv[:4])} …: not ended after {within_s:g} s")
    except BaseException:
        _kill(child)
        raise
    return Answer(child.returncode, out, err)


_begun: list[object] = []


@contextlib.contextmanager
def _starting() -> Iterator[None]:
    """From before a command runs until we know it: an exception in between would leave it running, unknown to anybody,
    and what it makes would come after everything was taken down."""
    if threading.current_thread() is not threading.main_thread():  # signals are answered in the main thread alone
        yield
        return
    _begun.append(object())
    try:
        yield
    finally:
        _begun.pop()


def starts_a_command() -> bool:
    """Whether the main thread may not be interrupted right now; it is a matter of milliseconds."""
    return bool(_begun)


def _kill(child: subprocess.Popen[str] | None) -> None:
    if child is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.communicate(timeout=5)


def docker(*args: str, within_s: float = LOOK_S, stdin: str = "") -> Answer:
    """`docker ARGS`."""
    return run(("docker", *args), within_s=within_s, stdin=stdin)


def asked(*args: str, within_s: float = LOOK_S) -> str:
    """The output of `docker ARGS`. Raises CannotRun with Docker's own words when it failed."""
    answer = docker(*args, within_s=within_s)
    if not answer.ok:
        raise CannotRun(Missing(f"docker {' '.join(args[:3])}: {answer.why}", CURE if gone(answer) else ""))
    return answer.out


def inspected(kind: str, *names: str) -> list[dict[str, Any]]:
    """`docker KIND inspect NAMES`, as data; what does not exist (any more) is left out."""
    if not names:
        return []
    answer = docker(kind, "inspect", *names)
    try:
        found = json.loads(answer.out or "[]")
    except ValueError:
        found = []
    if not answer.ok and not _all_missing(answer):
        raise CannotRun(Missing(f"docker {kind} inspect: {answer.why}", CURE if gone(answer) else ""))
    return [item for item in found if isinstance(item, dict)]


def image_exists(tag: str) -> bool:
    """Whether Docker has an image of this name. False too where Docker does not answer, or is not there."""
    try:
        return docker("image", "inspect", "--format", "{{.Id}}", tag).ok
    except CannotRun:
        return False


def proxy_build_args() -> list[str]:
    """`--build-arg http_proxy` … for each proxy variable that is set (the value is taken from the environment)."""
    return [part for name in PROXY_VARIABLES if os.environ.get(name) for part in ("--build-arg", name)]


def _all_missing(answer: Answer) -> bool:
    """Whether every complaint is that something does not exist."""
    told = [line.strip().lower() for line in answer.err.splitlines() if line.strip()]
    return bool(told) and all("no such " in line or line.endswith("not found") for line in told)


def gone(answer: Answer) -> bool:
    """Whether the answer says that Docker itself cannot be reached, or has not answered."""
    said = answer.err.lower()
    signs = (
        "cannot connect to the docker daemon",
        "is the docker daemon running",
        "failed to connect to the docker api",
        "error during connect",
        "unknown docker command",
        "permission denied while trying to connect",
    )
    return answer.code == TIMED_OUT or any(sign in said for sign in signs) or "is not a docker command" in said
