"""The keeper as the harness sees it: news of which ports each dependency listens on, or word that the news ended."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

from harness.errors import CannotRun
from harness.stack.changes.identity import RUN_LABEL
from harness.stack.docker import docker, socket_path

SILENT_S = 6.0
"""It says something each second; after this long without a word it hangs."""
FIRST_S = 20.0


class Keeper:
    """Runs the helper in the harness image until close(). Both callbacks come from a thread of its own.

    on_change   told (service, ports) for every service once at the beginning, then at each change
    on_lost     told once, why, when the news ends otherwise than by close()
    """

    def __init__(
        self,
        run_id: str,
        project: str,
        services: Sequence[str],
        on_change: Callable[[str, tuple[int, ...]], object],
        on_lost: Callable[[str], object],
    ) -> None:
        self._run_id, self._project, self._services = run_id, project, tuple(services)
        self._on_change, self._on_lost = on_change, on_lost
        self._child: subprocess.Popen[str] | None = None
        self._heard_s = 0.0
        self._over = threading.Event()
        self._first = threading.Event()
        self._lost_once = threading.Lock()
        self._complaint = ""

    def start(self) -> None:
        """Start it and wait for its first word. Raises CannotRun with its complaint when none comes."""
        from harness.doctor.images import harness_tag

        command = (
            "docker", "run", "-i", "--rm", "--name", f"{self._project}-keeper", "--network", "none", "--pid", "host",
            "--cap-drop", "ALL", "--read-only", "--label", f"{RUN_LABEL}={self._run_id}",
            "-v", f"{socket_path()}:/var/run/docker.sock", harness_tag(), "python3", "-m", "harness.inside", "keeper",
        )  # fmt: skip
        self._heard_s = time.monotonic()
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        assert self._child.stdin is not None
        with contextlib.suppress(OSError):  # it died already: its complaint says why
            self._child.stdin.write(
                json.dumps({"project": self._project, "services": self._services, "every_ms": 20}) + "\n"
            )
            self._child.stdin.flush()
        for name, task in (
            ("keeper", self._listen),
            ("keeper-errors", self._hear_complaints),
            ("keeper-watch", self._watch),
        ):
            threading.Thread(target=task, name=name, daemon=True).start()
        if not self._first.wait(FIRST_S) or self._over.is_set():
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
                docker("rm", "--force", f"{self._project}-keeper")
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=3)

    def _listen(self) -> None:
        child = self._child
        assert child is not None
        assert child.stdout is not None
        for line in child.stdout:
            self._heard_s = time.monotonic()
            self._first.set()
            try:
                news = json.loads(line)
            except ValueError:
                continue
            if "service" in news and not self._over.is_set():
                self._on_change(str(news["service"]), tuple(int(port) for port in news["ports"]))
        self._lost(f"the keeper ended: {self._complaint.strip()[-400:] or 'no word why'}")
        self._first.set()

    def _hear_complaints(self) -> None:
        child = self._child
        if child is not None and child.stderr is not None:
            for line in child.stderr:
                self._complaint = (self._complaint + line)[-2000:]

    def _watch(self) -> None:
        while not self._over.wait(1.0):
            silent_s = time.monotonic() - self._heard_s
            if self._first.is_set() and silent_s > SILENT_S:
                self._lost(f"the keeper was silent for {silent_s:.0f} s")

    def _lost(self, why: str) -> None:
        with self._lost_once:
            if self._over.is_set():
                return
            self._over.set()
        if self._first.is_set():
            self._on_lost(why)
