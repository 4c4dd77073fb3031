"""The stack's state: its parts read before the load and when all is over."""

from __future__ import annotations

from dataclasses import dataclass

from harness.facts.base import Fact


@dataclass(frozen=True, kw_only=True)
class StateRead(Fact):
    """One part of the stack's state was read, or could not be (`error`, one line, secrets masked).

    part     `containers` (what Docker says of them), or the name of a part that the drill declares
    reading  before (the load), left (by `phase`, before we took a release back), first and second (when all is over and quiet)
    compare  same, count or grows; `at_most` and `margin` as declared
    unproven      it reads as empty where nothing has its name; `may_be_empty` as declared
    most     the greatest number of rows that any look at it has found until now
    rows     how many there are; `content` is the same for the same rows in whatever order
    held     the rows, a JSON object each; of a declared part no more than the first 200
    file     where all rows of a declared part stand, relative to the run's folder, in bytes that have this `sha256`
    begun_s  when the reading began; it ended at seen_s
    """

    part: str
    reading: str
    phase: str = ""
    compare: str = "same"
    at_most: int | None = None
    margin: int | None = None
    unproven: bool = False
    may_be_empty: bool = False
    most: int = 0
    rows: int = 0
    content: str = ""
    held: tuple[str, ...] = ()
    file: str = ""
    sha256: str = ""
    error: str = ""
    begun_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class StateSettled(Fact):
    """When all was over, the stack's state was waited for: `quiet` when nothing changed and queues were as before.

    cut       why it was not waited for or not read: the run was ended early
    unplayed  the phases of the plan that were never begun
    """

    quiet: bool
    waited_s: float = 0.0
    detail: str = ""
    cut: str = ""
    unplayed: tuple[str, ...] = ()
