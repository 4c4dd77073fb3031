"""The harness's own journal while it runs: every fact goes to disk at once, and stays in memory for gate, guards and display."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from harness.facts import Fact
from harness.journal import Journal, Writer


class Recorder:
    """Write facts from any thread. `listeners` see each fact after it was written (display, NDJSON)."""

    def __init__(self, folder: Path, now: Callable[[], float], writer: str = "harness") -> None:
        self._writer = Writer(folder, writer, now)
        self._facts: list[Fact] = []
        self._lock = threading.Lock()
        self.listeners: list[Callable[[Fact], None]] = []

    def __call__(self, fact: Fact, *, durable: bool = False) -> Fact:
        stamped = self._writer.write(fact, durable=durable)
        with self._lock:
            self._facts.append(stamped)
        for listener in self.listeners:
            listener(stamped)
        return stamped

    def journal(self) -> Journal:
        with self._lock:
            return Journal(tuple(self._facts))
