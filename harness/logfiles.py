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
from harness.logtext import continues
from harness.masking import Secret
from harness.wall import Wall
from harness.within import within

DISORDER_S = 1.0
"""How far lines of one file may be out of order: stdout and stderr are stamped apart and written together."""
BLOCK = 1 << 20
MOST_LINES = 100
"""So many lines at the most continue one."""

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
                    first, last = _stretch(pages, self.wall, start_s, end_s)
                    for begin, end in _found(pages, pattern, first, last, wanted):
                        line = _line(pages[begin:end], name, container, self.wall, start_s)
                        if start_s <= line.at_s < end_s:
                            yield line

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


def _found(pages: Pages, pattern: Finder, first: int, last: int, wanted: Wanted | None) -> Iterator[tuple[int, int]]:
    """Where each line that the pattern is found in begins and ends, with the lines that continue it."""
    until = first
    for match in pattern.finditer(pages, first, last):
        if match.start() >= until and (wanted is None or wanted(match)):
            begin = pages.rfind(b"\n", 0, match.start()) + 1
            until = _end(pages, match.end())
            while continues_at(pages, begin):  # found in a line of a stack trace: it belongs to the one before
                begin = pages.rfind(b"\n", 0, begin - 1) + 1
            for _ in range(MOST_LINES):
                if until >= len(pages) or not continues_at(pages, until):
                    break
                until = _end(pages, until)
            yield begin, until


def _end(pages: Pages, at: int) -> int:
    """Where the line ends that holds this place, its end of line included."""
    return pages.find(b"\n", at) + 1 or len(pages)


def continues_at(pages: Pages, begin: int) -> bool:
    """Whether the line that begins there, after its stamp, goes on with the one before it."""
    space = pages.find(b" ", begin, begin + 40)
    return begin > 0 and space > 0 and continues(pages[space + 1 : space + 200])


def _line(raw: bytes, service: str, container: str, wall: Wall, start_s: float) -> Line:
    """Bytes of a line and of those that continue it, as text without their stamps."""
    texts, at_s = [], start_s
    for number, one in enumerate(raw.rstrip(b"\r\n").split(b"\n")):
        stamp, _, text = one.rstrip(b"\r").partition(b" ")
        found = unix_s(stamp)
        if number == 0 and found is not None:
            at_s = wall.at_s(found)
        texts.append((one if found is None else text).decode("utf-8", "replace"))
    return Line(service, container, at_s, "\n".join(texts))
