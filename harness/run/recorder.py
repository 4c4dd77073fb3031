"""The harness's own journal while it runs: every fact goes to disk at once, then to whoever listens."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from harness import chain
from harness.curtain import Curtain
from harness.facts import Fact, LoadSampled, Looked, Surveyed, Witnessed
from harness.journal import CHAINED, Journal, Writer

LOOKS = (Looked, Witnessed, Surveyed, LoadSampled)


class Recorder:
    """Write facts from any thread. `listeners` see each fact after it was written (display, NDJSON).

    Never raises: a full disk or a terminal that is gone must keep nobody from mending. `broken` says why a fact could
    not be put on disk, '' while all could.
    """

    def __init__(self, folder: Path, now: Callable[[], float], run: str = "") -> None:
        """`run` is its id, to which the file's chain is tied; without it the file is not chained."""
        self.curtain = Curtain()
        self._writer = Writer(
            folder, CHAINED, now, chained=chain.root(run, CHAINED) if run else "", mask=self.curtain.fact
        )
        self.listeners: list[Callable[[Fact], None]] = []

    def __call__(self, fact: Fact, *, durable: bool = False) -> Fact:
        stamped = self._writer.write(fact, durable=durable)
        self.tell(stamped)
        return stamped

    def tell(self, fact: Fact) -> None:
        """A fact that stands in a journal, ours or another writer's, to whoever listens."""
        for listener in self.listeners:
            with contextlib.suppress(Exception):
                listener(fact)

    @property
    def broken(self) -> str:
        return self._writer.broken

    def journal(self) -> Journal:
        """All that was written so far, without reading the file again; of looks, those that were not forgotten."""
        return self._writer.journal()

    def forget_looks(self, before_s: float) -> None:
        """Looks are most of a run's facts. Those of an earlier time are on disk, and nobody asks for them while it goes."""
        self._writer.forget(LOOKS, before_s)

    def close(self) -> None:
        self._writer.close()
