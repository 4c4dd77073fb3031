"""The order book: sources of truth read, and the stack waited for before that."""

from __future__ import annotations

from dataclasses import dataclass

from harness.facts.base import Fact


@dataclass(frozen=True, kw_only=True)
class SourceRead(Fact):
    """One source of an order book was read, or could not be (`error`, one line, secrets masked).

    op       the order book's name in the drill; `source` that of the source in it, and `role` what it is
    reading  start (before the first phase), again (as it could not be read then: once more, just before the first phase), amid (of a queue, while a fault was on; only counted), first and second (after the stack
             has settled, some seconds apart)
    begun_s  when the reading began; it ended at seen_s
    most     the greatest number of rows that any reading of it has had until now, with those that were only glanced at
    counted  of one that could not be read: how many rows were counted all the same, where that could be done
    rows     how many rows were read; they stand in `file`, relative to the run's folder, whose bytes have this `sha256`
    """

    op: str
    source: str
    role: str
    reading: str
    rows: int = 0
    most: int = 0
    file: str = ""
    sha256: str = ""
    error: str = ""
    counted: int | None = None
    begun_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class OrdersSettled(Fact):
    """The load's work was waited for after its end: `quiet` when queues were empty and nothing changed, else the wait's limit was met."""

    op: str
    quiet: bool
    waited_s: float
    detail: str = ""
