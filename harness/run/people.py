"""The records of the people on call: what they typed at the run's terminal, and what `drill ack`, `note` and `exec` write beside it.

Each process writes a file of its own, `facts/people-<who>.jsonl`, chained line by line; the run reads them while it goes.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from harness import chain
from harness import facts as f
from harness.errors import CannotRun, UsageError
from harness.facts import Fact
from harness.journal_writer import Writer
from harness.run import folder as folders
from harness.run.clock import MonotonicClock
from harness.run.folder import RunFolder

F = TypeVar("F", bound=Fact)
LONGEST = 500  # characters of what somebody says that are kept
TERMINAL = f"{chain.PEOPLE}terminal"
FILES = f"{chain.PEOPLE}*.jsonl"


def living(runs: Path, which: str = "") -> RunFolder:
    """The run that goes on, by its folder or id where there are several.

    Raises UsageError when `which` names none, or several go on; CannotRun when none does.
    """
    if which:
        found = folders.find(runs, which)
        if not found.lives():
            raise CannotRun(f"run {found.run} is over: nothing can be added to what was said and done in it")
        return found
    alive = [folder for folder in folders.every(runs) if folder.lives()]
    if not alive:
        raise CannotRun(f"no drill is running here ({runs}); name the folder of one that does: --run FOLDER")
    if len(alive) > 1:
        names = ", ".join(f"{folder.run} ({folder.drill})" for folder in alive)
        raise UsageError(f"{len(alive)} drills are running: {names}; say which: --run ID")
    return alive[0]


def own_record(folder: RunFolder) -> Writer:
    """A record of this process's own in a run that goes on, on that run's clock."""
    opened = next(facts_of(folder, f.Opened), None)
    clock = MonotonicClock(opened.monotonic_ns if opened else 0)
    name = f"{chain.PEOPLE}{os.getpid()}"
    return Writer(folder.facts, name, clock.now_s, chained=chain.root(opened.run if opened else "", name))


def facts_of(folder: RunFolder, kind: type[F]) -> Iterator[F]:
    """The run's own facts of one kind. To read all that a run has written takes seconds, and people wait for this."""
    mark = f'"fact":"{f.kind_of(kind)}"'.encode()
    with contextlib.suppress(OSError), (folder.facts / "harness.jsonl").open("rb") as file:
        for line in file:
            if mark in line and isinstance(fact := _fact(line), kind):
                yield fact


def put(folder: RunFolder, fact: Fact) -> float:
    """Write one fact into a record of this process's own; the second of the run at which. Raises CannotRun when the disk refuses."""
    record = own_record(folder)
    written = record.write(fact, durable=True)
    record.close()
    if record.broken:
        raise CannotRun(record.broken)
    return written.seen_s


class People:
    """The run's side: `write` what was typed at its terminal, `look` for what anybody wrote.

    record   the run's own journal, where it writes down how far it has read each record, and that record's last hash
    tell     gets each fact that was found, those of the terminal too
    mask     takes the stack's secrets out of what is typed at the terminal
    """

    def __init__(
        self,
        facts: Path,
        run: str,
        now: Callable[[], float],
        record: Callable[[Fact], object],
        tell: Callable[[Fact], object],
        mask: Callable[[Any], Any] | None = None,
    ) -> None:
        self._facts = facts
        self._record, self._tell = record, tell
        self._read: dict[Path, tuple[int, int]] = {}  # bytes, and lines, of each file so far
        self._terminal = Writer(facts, TERMINAL, now, chained=chain.root(run, TERMINAL), mask=mask)

    def write(self, fact: Fact) -> Fact:
        return self._terminal.write(fact, durable=True)

    def look(self) -> None:
        """Cheap enough for ten times a second. A file that cannot be read now is read at a later look."""
        for path in sorted(self._facts.glob(FILES)):
            done, lines = self._read.get(path, (0, 0))
            try:
                if path.stat().st_size <= done:
                    continue
                with path.open("rb") as file:
                    file.seek(done)
                    fresh = file.read()
            except OSError:
                continue
            fresh = fresh[: fresh.rfind(b"\n") + 1]
            found = fresh.split(b"\n")[:-1]
            if not found:
                continue
            self._read[path] = done + len(fresh), lines + len(found)
            self._record(f.Sealed(record=path.stem, lines=lines + len(found), sha256=chain.digest(found[-1])))
            for line in found:
                if (fact := _fact(line)) is not None:
                    self._tell(fact)

    def close(self) -> None:
        self.look()
        self._terminal.close()


def _fact(line: bytes) -> Fact | None:
    try:
        data: Any = json.loads(line)
        return f.from_dict(data) if isinstance(data, dict) else None
    except (ValueError, TypeError):  # not whole, or no fact: whoever reads the folder says so
        return None
