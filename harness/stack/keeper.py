"""The keeper as the harness sees it: news of which ports each dependency listens on, or word that the news ended."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

from harness.errors import CannotRun, Missing, NotApplied
from harness.stack.changes.identity import RUN_LABEL
from harness.world.docker_cli import docker

SILENT_S = 6.0
"""It says something each second; after this long without a word it hangs."""
FIRST_S = 20.0
REVIVE_S = 0.5
LOST_S = 20.0
"""One that ended is started again so often, and given up after so long without a word: a Docker that is restarted is
back by then."""


class Keeper:
    """Runs the helper in the harness image until close(). The callbacks come from a thread of its own.

    on_change   told (service, ports) for every service once at the beginning, then at each change
    on_lost     told once, why, when the news has ended for good otherwise than by close()
    on_gap      told why when the news ends for a while, and '' when it goes on: edges stay as they were meanwhile
    name        of its container; '' for one that tells the project
    """

    def __init__(
        self,
        run_id: str,
        project: str,
        services: Sequence[str],
        on_change: Callable[[str, tuple[int, ...]], object],
        on_lost: Callable[[str], object],
        on_gap: Callable[[str], object] = lambda why: None,
        name: str = "",
    ) -> None:
        self._run_id, self._project, self._services = run_id, project, tuple(services)
        self._called = name or f"{project}-keeper"
        self._on_change, self._on_lost, self._on_gap = on_change, on_lost, on_gap
        self._child: subprocess.Popen[str] | None = None
        self._born = 0
        self._name = ""
        self._ports: dict[str, tuple[int, ...]] = {}
        self._heard_s = 0.0
        self._launched_s = 0.0
        self._gap = ""
        self._over = threading.Event()
        self._first = threading.Event()
        self._ended = threading.Event()
        self._complaint = ""
        self._ear = threading.Thread()

    def start(self) -> None:
        """Start it and wait for its first word. Raises CannotRun with its complaint when none comes."""
        self._heard_s = time.monotonic()
        self._launch()
        for name, task in (("keeper", self._keep), ("keeper-watch", self._watch)):
            threading.Thread(target=task, name=name, daemon=True).start()
        until = time.monotonic() + FIRST_S
        while not self._first.wait(0.05) and not self._ended.is_set() and time.monotonic() < until:
            pass
        if not self._first.is_set():
            complaint = self._complaint.strip() or f"it said nothing within {FIRST_S:g} s"
            self.close()
            raise CannotRun(f"the keeper did not start: {complaint}")

    def close(self) -> None:
        """End it; idempotent. Closing its stdin is enough, the container is removed in any case."""
        self._over.set()
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(OSError):
            assert child.stdin is not None
            child.stdin.close()
        try:
            child.wait(timeout=3)
        except subprocess.TimeoutExpired:
            child.kill()
            with contextlib.suppress(CannotRun):
                docker("rm", "--force", self._name)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=3)

    # --- the helper, and the next one -------------------------------------------------------------------------------

    def _launch(self) -> None:
        from harness.doctor.images import harness_tag

        self._born += 1
        self._name = self._called + (f"-{self._born}" if self._born > 1 else "")
        command = (
            "docker", "run", "-i", "--rm", "--name", self._name, "--network", "none", "--pid", "host",
            "--cap-drop", "ALL", "--read-only", "--label", f"{RUN_LABEL}={self._run_id}",
            "-v", f"{_socket()}:/var/run/docker.sock", harness_tag(), "python3", "-m", "harness.inside", "keeper",
        )  # fmt: skip
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        self._child, self._complaint, self._launched_s = child, "", time.monotonic()
        self._ear = threading.Thread(target=self._hear_complaints, args=(child,), name="keeper-errors", daemon=True)
        self._ear.start()
        assert child.stdin is not None
        first = {"project": self._project, "services": self._services, "every_ms": 20}
        with contextlib.suppress(OSError):  # it died already: its complaint says why
            child.stdin.write(json.dumps(first) + "\n")
            child.stdin.flush()

    def _keep(self) -> None:
        """Hear one helper after another, until close() or until none has said a word for too long."""
        while True:
            child = self._child
            if child is not None:
                self._listen(child)
                self._ear.join(timeout=1.0)  # its last words
            why = f"the keeper ended: {self._complaint.strip()[-400:] or 'no word why'}"
            if self._over.is_set() or not self._first.is_set():
                self._ended.set()
                return
            self._tell_gap(why)
            if time.monotonic() - self._heard_s > LOST_S:
                self._over.set()
                self._on_lost(why)
                return
            if self._over.wait(REVIVE_S):
                return
            with contextlib.suppress(OSError, CannotRun):  # Docker may be away: the next turn tries again
                self._launch()
                if self._over.is_set():
                    self.close()

    def _listen(self, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            self._heard_s = time.monotonic()
            self._first.set()
            self._tell_gap("")
            try:
                news = json.loads(line)
            except ValueError:
                continue
            if "service" in news and not self._over.is_set():
                service, ports = str(news["service"]), tuple(int(port) for port in news["ports"])
                if self._ports.get(service) != ports:
                    self._ports[service] = ports
                    self._on_change(service, ports)
        child.wait()

    def _tell_gap(self, why: str) -> None:
        """Once when it begins and once when it ends."""
        if bool(why) != bool(self._gap) and not self._over.is_set():
            self._gap = why
            self._on_gap(why)

    def _hear_complaints(self, child: subprocess.Popen[str]) -> None:
        assert child.stderr is not None
        for line in child.stderr:
            self._complaint = (self._complaint + line)[-2000:]

    def _watch(self) -> None:
        """One that hangs is ended, so that the next one can begin."""
        while not self._over.wait(1.0):
            silent_s = time.monotonic() - max(self._heard_s, self._launched_s)
            child = self._child
            if child is not None and self._first.is_set() and silent_s > SILENT_S and child.poll() is None:
                self._complaint = f"it was silent for {silent_s:.0f} s"
                child.kill()


def _socket() -> str:
    """Raises CannotRun for a Docker on another machine."""
    from harness.world.docker import socket_path

    try:
        return socket_path()
    except NotApplied as error:
        raise CannotRun(Missing(str(error), "unset DOCKER_HOST or: docker context use default")) from error
