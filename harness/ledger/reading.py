"""The ledger read from disk: after a run, while it grows, and after a kill at any instant."""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import UsageError
from harness.ledger.bounds import BLOCK as WHOLE_BLOCK
from harness.ledger.bounds import Bounds
from harness.ledger.layout import DONE, DTYPE, EMPTY, FORMAT, KINDS, OUTCOMES
from harness.ledger.merging import Merging, named
from harness.ledger.rows import NO_ROWS, Rows

LONGEST_US = 366 * 86_400 * 1_000_000
"""No run is longer than a year."""
MOST_NAMES = 1 << 20
BLOCK = 4096  # rows read at a time while looking for the end
LIVE_BLOCK = 1024
"""Rows of a block of a ledger that is looked at each second while it grows. What lies behind the whole blocks is read anew at each
look, and the columns made of it (60 bytes a row) are larger each second: with short blocks the reader's memory stays as it is."""


class LedgerUnreadable(UsageError):
    """The folder holds a ledger of a later format, or one that was damaged: what could not have been written stands in it."""


def read(folder: Path) -> Rows:
    """All rows of a run's ledger folder, its workers merged; no rows when there is none yet.

    Raises LedgerUnreadable for a later format, and for rows that nobody can have written. A half-written last name (a kill at
    that instant) is no error.
    """
    rows = Tail(folder).rows()
    if wrong := _impossible(rows):
        raise LedgerUnreadable(f"{folder}: {wrong}: it was damaged after it was written")
    known = [
        _padded(rows, kind, names)
        for kind, names in zip(KINDS, (rows.endpoints, rows.versions, rows.shapes), strict=True)
    ]
    return replace(rows, endpoints=known[0], versions=known[1], shapes=known[2])


def _padded(rows: Rows, kind: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """So many that each row's number has one: those whose names were lost (a power cut, with the rows on disk) are ''."""
    highest = int(rows.array[kind].max()) if len(rows) else 0
    return names + ("",) * (highest + 1 - len(names))


def _impossible(rows: Rows) -> str:
    """What in the rows no load can have written, '' for nothing."""
    limits = {"outcome": len(OUTCOMES), "state": DONE + 1}
    limits |= dict.fromkeys(KINDS, MOST_NAMES)
    for column, limit in limits.items():
        if len(rows) and (found := int(rows.array[column].max())) >= limit:
            return f"{rows.cite(int(rows.array[column].argmax()))} has the {column} number {found}, and there are {limit} at the most"
    due = rows.array["intended_us"]
    if len(rows) and not (due.min() >= 0 and due.max() < LONGEST_US):
        worst = int(due.argmin() if due.min() < 0 else due.argmax())
        return f"{rows.cite(worst)} was due {due[worst] / 1e6:g} s after the run was opened"
    return ""


@dataclass
class _File:
    """One worker's three files, as far as they have been read."""

    header: Path
    worker: int
    bounds: Bounds
    array: NDArray[Any] = field(default_factory=lambda: np.zeros(0, DTYPE))
    pages: mmap.mmap | None = None
    used: int = 0
    names_read: int = 0
    firsts: list[tuple[int, str, int]] = field(default_factory=list)
    names: dict[str, dict[int, str]] = field(default_factory=lambda: {kind: {0: ""} for kind in KINDS})

    def advance(self) -> None:
        """Take in what was written since the last time; maps the file again only when it has grown or was cut."""
        path = self.header.with_suffix(".rows")
        held = path.stat().st_size // DTYPE.itemsize if path.exists() else 0
        if held != len(self.array):
            self.array, self.pages = _mapped(path, held)
            self.used = min(self.used, held)
        self.used += _begun(path, self.used, held, self._note)
        self._advance_names()  # after the rows: a name stands in its file before its row
        self.used = min([self.used, *(row for row, kind, number in self.firsts if number not in self.names[kind])])

    def _note(self, at: int, rows: NDArray[Any]) -> None:
        """The rows in which a name is used for the first time. After a power cut the name may be gone: then the ledger ends there."""
        for kind in KINDS:
            numbers = rows[kind]
            highest = max((number for _, known, number in self.firsts if known == kind), default=0)
            while (numbers > highest).any():
                first = int(np.argmax(numbers > highest))
                highest = int(numbers[first])
                self.firsts.append((at + first, kind, highest))

    def _advance_names(self) -> None:
        path = self.header.with_suffix(".names.jsonl")
        if not path.exists() or path.stat().st_size == self.names_read:
            return
        with path.open("rb") as file:
            file.seek(self.names_read)
            text = file.read()
        text = text[: text.rfind(b"\n") + 1]
        self.names_read += len(text)
        for line in text.splitlines():
            kind, number, name = _name_of(line, path)
            self.names.setdefault(kind, {})[number] = name


def _name_of(line: bytes, path: Path) -> tuple[str, int, str]:
    """Kind, number and name. Raises LedgerUnreadable for what is none."""
    try:
        entry = json.loads(line)
        kind, number, name = entry["kind"], entry["number"], entry["name"]
        if type(kind) is type(name) is str and type(number) is int and 0 <= number < MOST_NAMES:
            return kind, number, name
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise LedgerUnreadable(f"{path}: {line[:80].decode('utf-8', 'replace')!r} is no name of the ledger's")


def begun(path: Path, used: int = 0) -> int:
    """How many rows of a worker's file were begun, the first `used` of them known. Raises OSError."""
    return used + _begun(path, used, path.stat().st_size // DTYPE.itemsize, lambda at, rows: None)


def _begun(path: Path, used: int, held: int, note: Callable[[int, NDArray[Any]], None]) -> int:
    """How many rows after the `used` ones are not empty: rows are reserved in order, the first empty one ends them. `note` gets each
    block of them, with the number of its first.

    Read, not looked up in the mapping: the writer may cut the file at its end just now, and a mapped page that is gone
    is SIGBUS. Rows that are not empty are never cut.
    """
    found = 0
    if used == held:
        return 0
    read = np.zeros(BLOCK, DTYPE)
    with path.open("rb", buffering=0) as file:
        while True:
            length = os.preadv(file.fileno(), [read.data], (used + found) * DTYPE.itemsize)
            block = read["state"][: length // DTYPE.itemsize]
            whole = len(block) if np.count_nonzero(block) == len(block) else int(np.argmax(block == EMPTY))
            note(used + found, read[:whole])
            if whole < len(block):
                return found + whole
            found += len(block)
            if len(block) < BLOCK or used + found >= held:
                return min(found, held - used)


def _mapped(path: Path, held: int) -> tuple[NDArray[Any], mmap.mmap | None]:
    """The first `held` rows, shared with the writer. Mapped, not read: memory is the page cache's."""
    if held == 0:
        return np.zeros(0, DTYPE), None
    with path.open("rb") as file:
        pages = mmap.mmap(file.fileno(), held * DTYPE.itemsize, prot=mmap.PROT_READ)
    return np.frombuffer(pages, DTYPE, held), pages


class Tail:
    """A ledger that is still being written: `rows()` gives all rows so far, at the cost of what is new.

    Several workers' are merged into a copy (`Merging`). With one worker the rows are the mapped file itself, so rows in flight complete under the reader's eyes;
    `Rows.snapshot()` or any mask makes a copy that stays. A file that its writer cuts at the end is mapped again, too.

    block  of how many rows the rows' bounds are: LIVE_BLOCK for who looks each second
    """

    def __init__(self, folder: Path, block: int = WHOLE_BLOCK) -> None:
        self._folder, self._block = folder, block
        self._files: dict[str, _File] = {}
        self._merging = Merging(block)

    def rows(self) -> Rows:
        """Raises LedgerUnreadable for a later format."""
        for header in sorted(self._folder.glob("*.json")):
            if header.name not in self._files and (worker := _worker_of(header)) is not None:
                self._files[header.name] = _File(header, worker, Bounds(self._block))
        files = sorted(self._files.values(), key=lambda file: file.worker)
        for file in files:
            file.advance()
        if not files:
            return NO_ROWS
        return _one(files[0]) if len(files) == 1 else self._merging.rows(files)


def _worker_of(header: Path) -> int | None:
    try:
        data = json.loads(header.read_bytes())
        worker, version = data["worker"], data["format"]
        if type(worker) is not int or type(version) is not int or not 0 <= worker < 1 << 16:
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        if header.stat().st_size == 0:
            return None  # killed, or seen, between creation and writing
        raise LedgerUnreadable(f"{header}: not a ledger's header") from None
    if version > FORMAT or data.get("row_bytes") != DTYPE.itemsize:
        raise LedgerUnreadable(f"{header}: ledger format {version}; this version reads up to {FORMAT}")
    return worker


def _one(file: _File) -> Rows:
    count = file.used
    endpoints, versions, shapes = (named(file.names[kind]) for kind in KINDS)
    return Rows(
        file.array[:count],
        np.broadcast_to(np.uint16(file.worker), count),
        None,
        endpoints,
        versions,
        shapes,
        bounds=file.bounds,
        pages=file.pages,
    )
