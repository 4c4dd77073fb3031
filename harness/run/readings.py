"""One source of truth read into the run's folder, a line of JSON for each row, as it stood; and whether two readings are alike."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harness.errors import DrillError, NotApplied, NotThere
from harness.facts import SourceRead
from harness.masking import masked
from harness.orders.readers import MARKED
from harness.world.handles import Clock

if TYPE_CHECKING:
    from harness.drill.readers import Reader
    from harness.orders.readers.rows import Row

FOLDER = "orders"
LONGEST_ERROR = 500
_ALL = (1 << 128) - 1

Read = Callable[["Reader"], Iterator["Row"]]
"""The rows of a source. Raises DrillError with the reason where it cannot be read."""


class Sourced(Protocol):
    """A declared source (harness.drill.orders.Source, harness.drill.state.Kept): how it is read, and what it is."""

    @property
    def role(self) -> str: ...
    @property
    def reader(self) -> Reader: ...


@dataclass(frozen=True)
class Reading:
    """`fact` says that the source was read, `began_s` to `ended_s`; `content` is the same for the same rows, in whatever order they and
    their fields come. `absent`: it could not be, for nothing there has its name yet."""

    fact: SourceRead
    began_s: float
    ended_s: float
    content: str
    absent: bool = False

    def renamed(self, folder: Path, reading: str) -> Reading:
        """The same under another of the readings' names, its file too."""
        if not self.fact.file:
            return replace(self, fact=replace(self.fact, reading=reading))
        file = str(Path(self.fact.file).with_name(f"{self.fact.op}.{self.fact.source}.{reading}.jsonl"))
        try:
            (folder / self.fact.file).replace(folder / file)
        except OSError as failed:
            fact = replace(self.fact, reading=reading, rows=0, file="", sha256="", error=str(failed))
            return replace(self, fact=fact, content=str(failed))
        return replace(self, fact=replace(self.fact, reading=reading, file=file))


@dataclass(frozen=True)
class Readings:
    """Takes readings into a run's folder. `glance` reads without leaving a mark, what rows there are but perhaps not their names.
    `home` is where in that folder they stand. `afresh` begins a look: what was asked before is asked again."""

    folder: Path
    clock: Clock
    read: Read
    glance: Read
    home: str = FOLDER
    afresh: Callable[[], object] = lambda: None
    _most: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, op: str, name: str, source: Sourced, reading: str, *, glance: bool = False) -> Reading:
        """Read one source now. One that cannot be read is a reading too, with the error and without rows."""
        began_s = self.clock.now_s()
        file = f"{self.home}/{op}.{name}.{reading}.jsonl"
        path = self.folder / file
        rows, content, digest, error, absent = 0, 0, hashlib.sha256(), "", False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as out:
                for row in (self.glance if glance else self.read)(source.reader):
                    self._in_time(source, began_s)
                    line = json.dumps(row, separators=(",", ":"), sort_keys=True).encode() + b"\n"
                    out.write(line)
                    digest.update(line)
                    content += int.from_bytes(hashlib.blake2b(line, digest_size=16).digest(), "little")
                    rows += 1
        except (DrillError, OSError) as failed:
            error, absent = _said(failed), isinstance(failed, NotThere)
            with contextlib.suppress(OSError):
                path.unlink()
        ended_s = self.clock.now_s()
        most = self._most[op, name] = max(self._most.get((op, name), 0), 0 if error else rows)
        fact = SourceRead(
            op=op,
            source=name,
            role=source.role,
            reading=reading,
            rows=0 if error else rows,
            most=most,
            file="" if error else file,
            sha256="" if error else digest.hexdigest(),
            error=error,
            counted=self._counted(source) if error and not glance else None,
            begun_s=round(began_s, 6),
            happened_s=round(ended_s, 6),
        )
        return Reading(fact, began_s, ended_s, error or f"{rows} {content & _ALL:032x}", absent)

    def count(self, op: str, name: str, source: Sourced, reading: str) -> SourceRead:
        """How many rows a source holds now, at a glance; none of them is kept."""
        begun_s = self.clock.now_s()
        rows, error = 0, ""
        try:
            for _ in self.glance(source.reader):
                self._in_time(source, begun_s)
                rows += 1
        except (DrillError, OSError) as failed:
            rows, error = 0, _said(failed)
        return SourceRead(
            op=op, source=name, role=source.role, reading=reading, rows=rows, most=rows, error=error, begun_s=begun_s
        )

    def _counted(self, source: Sourced) -> int | None:
        """How many rows a source holds that cannot be read; None where they cannot be counted either."""
        try:
            return sum(1 for _ in self.glance(source.reader)) if isinstance(source.reader, MARKED) else None
        except (DrillError, OSError):
            return None

    def _in_time(self, source: Sourced, begun_s: float) -> None:
        if self.clock.now_s() > begun_s + source.reader.timeout_s:
            raise NotApplied(f"not read whole after {source.reader.timeout_s:g} s")


def _said(failed: Exception) -> str:
    return masked(" ".join(str(failed).split()))[:LONGEST_ERROR]
