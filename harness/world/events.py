"""Docker's stream of events of one project, read in a thread, attached again where it stopped when it is lost."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from typing import Any

from harness.errors import NotApplied
from harness.facts import ContainerChanged
from harness.world.docker import connect, container_name, refusing

KINDS = frozenset(
    (
        "create",
        "start",
        "die",
        "oom",
        "kill",
        "stop",
        "pause",
        "unpause",
        "restart",
        "destroy",
        "health_status",
        "rename",
    )
)
AGAIN_S = 0.5


class Events:
    """`lost` says why nothing can be heard now, '' while the stream is up."""

    def __init__(self, project: str, opened_ns: int | None = None) -> None:
        self._project = project
        self._opened_ns = opened_ns
        self._changes: deque[ContainerChanged] = deque()
        self._since_ns = time.time_ns()
        self._recent: deque[tuple[int, str, str]] = deque(maxlen=256)
        self._over = threading.Event()
        self._attached = threading.Event()
        self._stream: Any = None
        self._thread = threading.Thread(target=self._listen_on, name="docker-events", daemon=True)
        self.lost = ""

    def start(self) -> None:
        """Begin to listen; returns when the stream is up or is known to be lost."""
        self._thread.start()
        self._attached.wait(5)

    def close(self) -> None:
        self._over.set()
        stream = self._stream
        if stream is not None:
            with contextlib.suppress(
                Exception
            ):  # the SDK closes a socket under a thread that reads it: anything may come
                stream.close()
        self._thread.join(2)

    def drain(self) -> tuple[ContainerChanged, ...]:
        found = []
        while self._changes:
            found.append(self._changes.popleft())
        return tuple(found)

    def _listen_on(self) -> None:
        while not self._over.is_set():
            try:
                self._listen()
                self.lost = "the stream ended"
            except NotApplied as error:
                self.lost = str(error)
            self._attached.set()
            self._over.wait(AGAIN_S)

    def _listen(self) -> None:
        """One connection to its end. What happened while there was none comes first: Docker keeps its last 256
        events."""
        client = connect()
        try:
            with refusing("listen to Docker's events"):
                # nanoseconds, as the API takes them
                since: Any = f"{self._since_ns // 10**9}.{self._since_ns % 10**9:09d}"
                self._stream = client.api.events(
                    since=since,
                    filters={"type": "container", "label": f"com.docker.compose.project={self._project}"},
                    decode=True,
                )
                self.lost = ""
                self._attached.set()
                for event in self._stream:
                    self.hear(event)
        finally:
            client.close()

    def hear(self, event: dict[str, Any]) -> None:
        """One event as Docker tells it. What is none is passed over: it must not end the thread that hears the others."""
        with contextlib.suppress(AttributeError, TypeError, ValueError, OverflowError):
            self._heard(event)

    def _heard(self, event: dict[str, Any]) -> None:
        at_ns = int(event.get("timeNano") or 0)
        action, _, detail = str(event.get("Action", "")).partition(": ")
        actor = event.get("Actor") or {}
        mark = (at_ns, str(actor.get("ID", "")), action)
        if mark in self._recent:  # heard already, before the stream was lost
            return
        self._recent.append(mark)
        self._since_ns = max(self._since_ns, at_ns)
        attributes = actor.get("Attributes") or {}
        service = str(attributes.get("com.docker.compose.service", ""))
        if action not in KINDS or attributes.get("com.docker.compose.oneoff") == "True" or service.startswith("drill-"):
            return
        exit_code = attributes.get("exitCode")
        self._changes.append(
            ContainerChanged(
                service=service,
                container=container_name(str(attributes.get("name", ""))),
                event=action,
                exit_code=int(exit_code) if exit_code not in (None, "") else None,
                detail=detail or (f"signal {attributes['signal']}" if "signal" in attributes else ""),
                happened_s=self._on_axis(at_ns),
            )
        )

    def _on_axis(self, at_ns: int) -> float | None:
        """Docker's wall clock on the run's axis, by how long ago it is now (so that a stepped clock does no harm)."""
        if self._opened_ns is None or not at_ns:
            return None
        ago_ns = max(0, time.time_ns() - at_ns)
        return round((time.monotonic_ns() - ago_ns - self._opened_ns) / 1e9, 6)
