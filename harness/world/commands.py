"""A drill's own commands: started in the drill file's folder, their output kept in the run's, ended with all that they started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import NotApplied
from harness.within import file_name

TAIL_BYTES = 4000
END_S = 2.0  # after SIGKILL a process is gone at once, unless the kernel holds it


class Started:
    """Implements handles.Running: one command in a process group of its own."""

    def __init__(self, child: subprocess.Popen[bytes], log: Path, errors: Path | None = None) -> None:
        self._child = child
        self.log = log
        self._errors = errors
        self.over = False
        self._killed = False
        self._begun_s = time.monotonic()
        self._over_s: float | None = None
        threading.Thread(target=self._wait, name="command", daemon=True).start()

    def _wait(self) -> None:
        self._child.wait()
        self._over_s = time.monotonic()

    def ended(self) -> int | None:
        return None if self._killed else self._child.poll()

    def ran_s(self) -> float:
        return (self._over_s or time.monotonic()) - self._begun_s

    def kill(self) -> None:
        """The whole group, also what a command that has ended left behind in it. Once: its number may be another's later."""
        if self.over:
            return
        self.over = True
        self._killed = self._child.poll() is None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(END_S)

    def output(self) -> str:
        return _tail(self.log)

    def errors(self) -> str:
        return _tail(self._errors) if self._errors else ""


def _tail(log: Path) -> str:
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        return file.read().decode(errors="replace")
    return ""


class Commands:
    """Implements handles.Commands. Output goes to `logs/<name>.log`, both streams, as the command writes it; errors that are kept
    apart to `logs/<name>.errors.log`.
    """

    def __init__(self, directory: Path, logs: Path) -> None:
        self._directory = directory
        self._logs = logs
        self._started: list[Started] = []
        self._named: dict[str, Started] = {}

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        shell: bool = False,
        apart: bool = False,
    ) -> Started:
        """See handles.Commands.start. With a shell the command is one text, given to /bin/sh."""
        log = self._logs / f"{file_name(name)}.log"
        errors = log.with_suffix(".errors.log") if apart else None
        argv = ["/bin/sh", "-c", *command] if shell else list(command)
        try:
            self._logs.mkdir(parents=True, exist_ok=True)
            with log.open("wb") as out, (errors or log).open("wb") as err:
                child = subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err if apart else subprocess.STDOUT,
                    cwd=self._directory,
                    env={**os.environ, **environment},
                    start_new_session=True,
                )
        except (OSError, ValueError) as error:
            raise NotApplied(f"{argv[0]} could not be started: {getattr(error, 'strerror', None) or error}") from error
        self._started = [started for started in self._started if not started.over]
        self._started.append(Started(child, log, errors))
        self._named[name] = self._started[-1]
        return self._started[-1]

    def running(self, name: str) -> Started | None:
        """See handles.Commands.running."""
        return self._named.get(name)

    def close(self) -> None:
        """End whatever still runs."""
        for started in self._started:
            started.kill()
