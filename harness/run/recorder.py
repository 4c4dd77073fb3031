"""The harness's own journal while it runs: every fact goes to disk at once, then to whoever listens."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path

from harness import chain
from harness.curtain import Curtain
from harness.facts import (
    Blinded,
    ClockRead,
    DeliveryCounted,
    Fact,
    HeldSeen,
    HostSeen,
    LoadSaid,
    LoadSampled,
    Looked,
    Measured,
    MemorySeen,
    OnDisk,
    PressureSeen,
    ProcessorsSeen,
    Sampled,
    Surveyed,
    Witnessed,
)
from harness.journal import CHAINED, Journal
from harness.journal_writer import Writer

LOOKS = (
    *(Looked, Blinded, Witnessed, Surveyed, LoadSampled, Measured, Sampled),
    *(ClockRead, HostSeen, PressureSeen, ProcessorsSeen, MemorySeen, HeldSeen),
    OnDisk,
)
"""What is seen again and again, whether anything changes or not: it grows with time, and most of a run's facts are these."""
SAID = (DeliveryCounted, LoadSaid)
"""What holds until the next of its kind, and may come each second too."""
DONE = object()
EVERY_S = 10.0  # looks of the middle of a phase are forgotten so often


def _key(fact: DeliveryCounted | LoadSaid) -> Hashable:
    if isinstance(fact, LoadSaid):
        return fact.kind
    return fact.server, fact.counter, tuple(sorted(fact.labels.items()))


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
        self._since_s = -math.inf  # nothing that is held is older, of what is seen again and again
        self._recall: Iterator[None] | None = None
        self._cut_s = math.inf  # and nothing between then and this; infinite before the first phase

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
        """A phase begins: looks of an earlier time are on disk, and nobody asks for them while it goes."""
        self._since_s = self._cut_s = before_s
        self._recall = None
        self._writer.forget(LOOKS, before_s)
        self._writer.forget(SAID, before_s, but_last_of=_key)

    def forget_middle(self, before_s: float) -> None:
        """While a phase goes only guards ask, and for the last while: what was seen before is forgotten until `recall_looks`."""
        if before_s >= self._cut_s + EVERY_S:
            self._writer.forget((*LOOKS, *SAID), before_s, self._since_s)
            self._cut_s = before_s

    def recall_looks(self) -> None:
        """The phase is over and will be decided: all that was forgotten since it began is read from the file again, by `recall_more`."""
        if self._cut_s > self._since_s:
            self._recall = self._writer.recall((*LOOKS, *SAID), self._since_s)
            self._cut_s = self._since_s

    def recall_more(self) -> bool:
        """A step of it; False once all is there."""
        if self._recall is not None and next(self._recall, DONE) is DONE:
            self._recall = None
        return self._recall is not None

    @property
    def recalling(self) -> bool:
        """Whether the journal is without the middle of the phase still."""
        return self._recall is not None

    def close(self) -> None:
        self._writer.close()
