"""The logs of a run folder, read: whose they are, and when each line was written on the run's axis. Pure but for the
files."""

from __future__ import annotations

import contextlib
import heapq
import json
import mmap
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.expectations.base import Finder, Line, serves
from harness.journal import Journal
from harness.logrecords import LONGEST_S, MOST_LINES, Record, may_continue
from harness.masking import Secret
from harness.wall import Wall
from harness.within import within

DISORDER_S = 1.0
"""How far lines of one file may be out of order: stdout and stderr are stamped apart and written together."""
BLOCK = 1 << 20

Pages = mmap.mmap | bytes
Wanted = Callable[[re.Match[bytes]], bool]


@dataclass(frozen=True)
class LogFolder:
    """Implements expectations.base.Logs."""

    folder: Path
    wall: Wall
    secrets: Sequence[Secret] | None = None

    def lines(self, service: str, start_s: float, end_s: float) -> Iterator[Line]:
        """The lines of the containers of a service (or of a pattern's, "*") with start_s <= at_s < end_s, oldest first."""
        files = [
            _between(self.folder / file, name, container, self.wall, start_s, end_s)
            for name, container, file in self.index()
            if serves(name, service)
        ]
        yield from heapq.merge(*files, key=lambda line: line.at_s)

    def matching(
        self, pattern: Finder, service: str, start_s: float, end_s: float, wanted: Wanted | None = None
    ) -> Iterator[Line]:
        """See Logs. The files are looked through as they lie on disk; only lines that are found are read as text."""
        for name, container, file in self.index():
            if serves(name, service):
                with _mapped(self.folder / file) as pages:
                    for at_s, texts in _found(pages, pattern, self.wall, start_s, end_s, wanted):
                        yield Line(name, container, at_s, "\n".join(texts))

    def count(self, service: str, start_s: float, end_s: float) -> int:
        """See Logs. Lines at the stretch's edges are counted by their place, so a line that was stamped late may be missed."""
        lines = 0
        for name, _, file in self.index():
            if serves(name, service):
                with _mapped(self.folder / file) as pages:
                    first, last = (_place(pages, self.wall.unix_before(at_s)) for at_s in (start_s, end_s))
                    lines += sum(pages[at : min(at + BLOCK, last)].count(b"\n") for at in range(first, last, BLOCK))
        return lines

    def index(self) -> list[tuple[str, str, str]]:
        """(service, container, file) of every log, each once; a file that is not in the folder is none of its logs."""
        found: dict[tuple[str, str, str], None] = {}
        try:
            text = within(self.folder, "index.jsonl").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                within(self.folder, str(entry["file"]))
                found[(str(entry["service"]), str(entry["container"]), str(entry["file"]))] = None
            except (OSError, ValueError, KeyError, TypeError, RecursionError):  # torn by a kill
                continue
        return list(found)


def read_logs(folder: Path, journal: Journal, secrets: Sequence[Secret] | None = None) -> LogFolder:
    """The logs in `folder` (a run's logs/). Read at each question, so a folder that still grows is fine."""
    return LogFolder(folder, Wall.of(journal), secrets)


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


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[Pages]:
    """The file's bytes, mapped; none where there is no file."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as pages:
            yield pages
    except (OSError, ValueError):  # not there, or empty
        yield b""


def _stretch(pages: Pages, wall: Wall, start_s: float, end_s: float) -> tuple[int, int]:
    """Where lines stamped in [start_s, end_s) can lie."""
    return (
        _place(pages, wall.unix_before(start_s) - DISORDER_S),
        _place(pages, wall.unix_after(end_s) + DISORDER_S),
    )


def _place(pages: Pages, unix: float) -> int:
    """Where the first line begins that is stamped `unix` or later, by halving: the stamps of a file ascend."""
    low, high = 0, len(pages)
    while low < high:
        begin = pages.rfind(b"\n", low, (low + high) // 2) + 1 or low
        end = pages.find(b"\n", begin, high) + 1 or high
        stamp = unix_s(pages[begin : begin + 40].partition(b" ")[0])
        if stamp is not None and stamp < unix:
            low = end
        else:
            high = begin
    return low


def _found(
    pages: Pages, pattern: Finder, wall: Wall, start_s: float, end_s: float, wanted: Wanted | None
) -> Iterator[tuple[float, list[str]]]:
    """Each record that the pattern is found in, once: its lines, and when the first of them that it was found in was written."""
    until = 0  # where the last record ends
    for match in pattern.finditer(pages, *_stretch(pages, wall, start_s, end_s)):
        if match.start() < until or not (wanted is None or wanted(match)):
            continue
        begin = pages.rfind(b"\n", 0, match.start()) + 1
        at_s, _ = _read(pages, begin, wall, start_s)
        if start_s <= at_s < end_s:
            texts, until = _record(pages, begin, until, wall, at_s)
            yield at_s, texts


def _record(pages: Pages, begin: int, floor: int, wall: Wall, at_s: float) -> tuple[list[str], int]:
    """The lines of the record that the line at `begin`, written at `at_s`, is in, and where it ends. None of them lies before `floor`."""
    places = [begin]
    while places[-1] > floor and len(places) <= MOST_LINES and may_continue(_read(pages, places[-1], wall, at_s)[1]):
        before = pages.rfind(b"\n", 0, places[-1] - 1) + 1
        if at_s - _read(pages, before, wall, at_s)[0] > LONGEST_S:
            break
        places.append(before)
    record = None
    for place in reversed(places):
        written_s, text = _read(pages, place, wall, at_s)
        if record is None or not record.takes(text, written_s):
            record = Record(written_s, [text])
    assert record is not None
    end = _end(pages, begin)
    while end < len(pages):
        written_s, text = _read(pages, end, wall, at_s)
        if not record.takes(text, written_s):
            break
        end = _end(pages, end)
    return record.texts, end


def _end(pages: Pages, at: int) -> int:
    """Where the line ends that holds this place, its end of line included."""
    return pages.find(b"\n", at) + 1 or len(pages)


def _read(pages: Pages, begin: int, wall: Wall, else_s: float) -> tuple[float, str]:
    """The line that begins there: when it was written (`else_s`, where it bears no stamp), and what stands behind its stamp."""
    raw = pages[begin : _end(pages, begin)]
    stamp, _, text = raw.partition(b" ")
    found = unix_s(stamp)
    shown = (raw if found is None else text).decode("utf-8", "replace").rstrip("\r\n")
    return (else_s if found is None else wall.at_s(found)), shown
