"""The load process as the engine needs it, and its configuration from the drill."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.facts import Fact, LoadBegan, Opened
from harness.ledger import Rows, Tail
from harness.load.generator import Generator, LoadConfig
from harness.run.folder import RunFolder
from harness.run.recorder import Recorder

if TYPE_CHECKING:
    from harness.drill.model import Drill


class RealLoad:
    """Generator and ledger together."""

    def __init__(self, generator: Generator, ledger: Path, drain_s: float) -> None:
        self._generator = generator
        self._tail = Tail(ledger)
        self._drain_s = drain_s

    def begin(self, at_s: float) -> None:
        self._generator.begin(at_s)

    def poll(self) -> list[Fact]:
        return self._generator.poll()

    def stop(self) -> list[Fact]:
        self._generator.stop(self._drain_s)
        return self._generator.poll()

    def rows(self) -> Rows:
        return self._tail.rows()
