"""The logs of a run folder, read: whose they are, and when each line was written on the run's axis. Pure but for the
files."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.expectations.base import Line, serves
from harness.journal import Journal
from harness.wall import Wall

DISORDER_S = 1.0
"""How far lines of one file may be out of order: stdout and stderr are stamped apart and written together."""


@dataclass(frozen=True)
class LogFolder:
    """Implements expectations.base.Logs."""

    folder: Path
    wall: Wall

    def lines(self, service: str, start_s: float, end_s: float) -> Iterator[Line]:
        """The lines of the containers of a service (or of a pattern's, "*") with start_s <= at_s < end_s, oldest first."""
        files = [
            _between(self.folder / file, name, container, self.wall, start_s, end_s)
            for name, container, file in self.index()
            if serves(name, service)
        ]
        yield from heapq.merge(*files, key=lambda line: line.at_s)

    def index(self) -> list[tuple[str, str, str]]:
        """(service, container, file) of every log, each once."""
        found: dict[tuple[str, str, str], None] = {}
        try:
            text = (self.folder / "index.jsonl").read_text()
        except OSError:
            return []
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                found[(str(entry["service"]), str(entry["container"]), str(entry["file"]))] = None
            except (ValueError, KeyError, TypeError):  # torn by a kill
                continue
        return list(found)


def read_logs(folder: Path, journal: Journal) -> LogFolder:
    """The logs in `folder` (a run's logs/). Read at each question, so a folder that still grows is fine."""
    return LogFolder(folder, Wall.of(journal))


def unix_s(stamp: bytes) -> float | None:
    """Docker's time stamp as seconds of the wall clock (microseconds kept); None when it is none."""
    try:
        text = stamp.decode("ascii")
        head, _, fraction = text.removesuffix("Z").partition(".")
        if not text.endswith("Z"):
            return datetime.fromisoformat(text).timestamp()
        whole = datetime.fromisoformat(head + "+00:00").timestamp()
        return whole + (int(fraction[:9].ljust(9, "0")) / 1e9 if fraction else 0.0)
    except ValueError:
        return None


def _between(path: Path, service: str, container: str, wall: Wall, start_s: float, end_s: float) -> Iterator[Line]:
    """The file's lines in the stretch; begins near it by halving, for the stamps of a file ascend."""
    try:
        with path.open("rb") as file:
            _seek(file, wall.unix_before(start_s) - DISORDER_S)
            at_s = start_s
            for raw in file:
                stamp, _, text = raw.partition(b" ")
                found = unix_s(stamp)
                at_s = at_s if found is None else wall.at_s(found)
                if at_s >= end_s + DISORDER_S:
                    return
                if start_s <= at_s < end_s:
                    shown = (raw if found is None else text).decode("utf-8", "replace").rstrip("\r\n")
                    yield Line(service, container, at_s, shown)
    except OSError:
        return


def _seek(file: object, unix: float) -> None:
    """Go to the beginning of a line at or shortly before the first that is stamped `unix` or later."""
    import io

    assert isinstance(file, io.BufferedReader)
    low, high = 0, file.seek(0, 2)
    while high - low > 65536:
        middle = (low + high) // 2
        file.seek(middle)
        file.readline()
        stamp = unix_s(file.readline().partition(b" ")[0])
        if stamp is None or stamp >= unix:
            high = middle
        else:
            low = middle
    file.seek(low)
    if low:
        file.readline()
