"""Who runs now: the project's containers, asked again only when somebody came, went or restarted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from harness.inside.daemon import Container, running

FRESH_S = 1.0
"""After this long new replicas are looked for; a container that ended is noticed at once, by its process."""


class Roster:
    """Safe to share between threads. `ask` is daemon.running, or a stand-in for it."""

    def __init__(self, project: str, ask: Callable[[str], Sequence[Container]] = running) -> None:
        self._project = project
        self._ask = ask
        self._lock = threading.Lock()
        self._known: tuple[Container, ...] = ()
        self._asked_s = float("-inf")
        self._turn = 0

    def all(self) -> tuple[Container, ...]:
        """Containers whose main process lives. Raises OSError when Docker does not answer and nothing usable is
        known."""
        with self._lock:
            stale = time.monotonic() - self._asked_s > FRESH_S
            if stale or not all(c.lives() for c in self._known):
                self._renew()
            return tuple(c for c in self._known if c.lives())

    def of(self, service: str) -> tuple[Container, ...]:
        """The service's living replicas; asks Docker again when there seems to be none (it may have just been
        started)."""
        found = tuple(c for c in self.all() if c.service == service)
        if not found and time.monotonic() - self._asked_s > 0.05:
            with self._lock:
                self._renew()
            found = tuple(c for c in self._known if c.service == service and c.lives())
        return found

    def one(self, service: str) -> Container | None:
        """A living replica, each in turn; None when none runs."""
        found = self.of(service)
        with self._lock:
            self._turn += 1
            return found[self._turn % len(found)] if found else None

    def addresses(self, container: Container) -> tuple[str, ...]:
        """Its own addresses, or those of the container whose network it uses."""
        owner = next((c for c in self._known if container.shares and c.id == container.shares), container)
        return owner.ips

    def _renew(self) -> None:
        try:
            self._known = tuple(self._ask(self._project))
        except OSError:
            if not any(
                c.lives() for c in self._known
            ):  # Docker is gone, but those we know still run: look through them
                raise
        self._asked_s = time.monotonic()
