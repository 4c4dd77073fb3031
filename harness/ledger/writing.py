"""The ledger written, by one worker, as it happens: rows packed into a mapped file, state last.

The file grows in chunks with posix_fallocate, so that a full disk is an OSError here and not a SIGBUS at the next row.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
from pathlib import Path

from harness.ledger.layout import (
    AGAIN,
    DEPENDENT,
    DONE,
    DROPPED,
    DUE,
    ELSEWHERE,
    FORMAT,
    MORE_MOST,
    MORE_UNIT,
    NEVER,
    REDIRECTED,
    ROW,
    SENT,
    TOLD,
    UNREACHED,
)

CHUNK_ROWS = 26214  # about 1 MiB
MOST_NAMES = 0xFFFF
_TOOK_TO_SHAPE = struct.Struct("<IIHHHBBII")
_SENT = struct.Struct("<I")
_ENDPOINT = struct.Struct("<H")
_AT_SENT, _AT_TOOK, _AT_ENDPOINT, _AT_OUTCOME, _AT_STATE, _AT_FLAGS = 8, 12, 20, 26, 27, 38
assert _AT_TOOK + _TOOK_TO_SHAPE.size + 4 == ROW.size


class LedgerBroken(OSError):
    """A row or a name cannot be kept: the disk is full, or the file is gone. What was written before is kept."""


class Writer:
    """One worker's ledger. Times are µs: `intended_us` and `now_us` since the run was opened, `took_us` a length."""

    def __init__(self, folder: Path, run: str, worker: int, opened_monotonic_ns: int) -> None:
        """Raises LedgerBroken when the files cannot be made (also when they are there already)."""
        self.used = 0
        self._capacity = 0
        self._names: dict[tuple[str, str], int] = {}
        self._counts = {"endpoint": 0, "version": 0, "shape": 0}
        header = {
            "format": FORMAT,
            "run": run,
            "worker": worker,
            "opened_monotonic_ns": opened_monotonic_ns,
            "row_bytes": ROW.size,
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._rows_fd = os.open(folder / f"{worker}.rows", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            self._names_fd = os.open(
                folder / f"{worker}.names.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644
            )
            os.posix_fallocate(self._rows_fd, 0, CHUNK_ROWS * ROW.size)
            (folder / f"{worker}.json").write_text(json.dumps(header) + "\n")
        except OSError as error:
            raise LedgerBroken(error.errno, f"the ledger cannot be written: {error}") from error
        self._capacity = CHUNK_ROWS
        self._map = mmap.mmap(self._rows_fd, self._capacity * ROW.size)

    # --- rows --------------------------------------------------------------------------------------------------------

    def _reserve(self) -> int:
        row = self.used
        if row >= self._capacity:
            size = (self._capacity + CHUNK_ROWS) * ROW.size
            try:
                os.posix_fallocate(self._rows_fd, 0, size)
                self._map.resize(size)
            except OSError as error:
                raise LedgerBroken(error.errno, f"the ledger cannot grow: {error}") from error
            self._capacity += CHUNK_ROWS
        self.used = row + 1
        return row

    def due(self, intended_us: int, user: int, flags: int = 0) -> int:
        """An arrival is due and goes to this user: its row."""
        row = self._reserve()
        at = row * 40
        ROW.pack_into(self._map, at, intended_us, NEVER, NEVER, row, 0, 0, 0, 0, 0, 0, 0, user, flags)
        self._map[at + _AT_STATE] = DUE
        return row

    def drop(self, intended_us: int) -> None:
        """An arrival is due and no user is idle."""
        row = self._reserve()
        at = row * 40
        ROW.pack_into(self._map, at, intended_us, NEVER, NEVER, row, 0, 0, 0, DROPPED, 0, 0, 0, 0, 0)
        self._map[at + _AT_STATE] = DONE

    def sent(self, row: int, after_us: int, endpoint: int) -> None:
        """The first request of an arrival is sent, after_us after it was due."""
        at = row * 40
        _SENT.pack_into(self._map, at + _AT_SENT, after_us if after_us < NEVER else NEVER - 1)
        _ENDPOINT.pack_into(self._map, at + _AT_ENDPOINT, endpoint)
        self._map[at + _AT_STATE] = SENT

    def open(self, now_us: int, endpoint: int, user: int, flags: int, parent: int | None = None) -> int:
        """A request that is no arrival's first is sent now: its row. With a parent it is dependent."""
        row = self._reserve()
        at = row * 40
        if parent is None:
            parent = row
        else:
            flags |= DEPENDENT
        ROW.pack_into(self._map, at, now_us, 0, NEVER, parent, endpoint, 0, 0, 0, 0, 0, 0, user, flags)
        self._map[at + _AT_STATE] = SENT
        return row

    def done(
        self,
        row: int,
        parent: int,
        took_us: int,
        endpoint: int,
        status: int,
        version: int,
        outcome: int,
        size: int,
        shape: int,
        *,
        whole: bool = True,
    ) -> None:
        """All that there is to say. Not `whole`: unless its body, which is being read, breaks off; either `read` or `broke` follows."""
        _TOOK_TO_SHAPE.pack_into(
            self._map, row * 40 + _AT_TOOK, took_us, parent, endpoint, status, version, outcome, SENT, size, shape
        )
        if whole:
            self._map[row * 40 + _AT_STATE] = DONE

    def read(self, row: int) -> None:
        """The body of an answered row was read, as far as anybody wanted it."""
        self._map[row * 40 + _AT_STATE] = DONE

    def broke(self, row: int, took_us: int, outcome: int) -> None:
        """The body of an answered row broke off, so long after it was sent."""
        at = row * 40
        _SENT.pack_into(self._map, at + _AT_TOOK, min(took_us, NEVER - 1))
        self._map[at + _AT_OUTCOME] = outcome
        self._map[at + _AT_STATE] = DONE

    def unreached(self, row: int) -> None:
        """No connection was made for it; said before it is done. After a redirect, or an attempt that the service may have had, that
        is no news of the request that was meant."""
        at = row * 40 + _AT_FLAGS
        if not self._map[at] & (REDIRECTED | AGAIN):
            self._map[at] |= UNREACHED

    def redirected(self, row: int) -> None:
        """A redirect was answered, and is followed now; said before it is done."""
        self._map[row * 40 + _AT_FLAGS] |= REDIRECTED

    def again(self, row: int) -> None:
        """Its client sends it again by itself, and the service may have had it already; said before it is done."""
        at = row * 40 + _AT_FLAGS
        self._map[at] |= AGAIN
        if self._map[at + 1] < MORE_MOST * MORE_UNIT >> 8:
            self._map[at + 1] += MORE_UNIT >> 8

    def elsewhere(self, row: int) -> None:
        """It goes to another host than the one that is loaded."""
        self._map[row * 40 + _AT_FLAGS + 1] |= ELSEWHERE >> 8

    def went_elsewhere(self, row: int) -> bool:
        return bool(self._map[row * 40 + _AT_FLAGS + 1] & ELSEWHERE >> 8)

    def told(self, row: int) -> None:
        """An event alone tells of it."""
        self._map[row * 40 + _AT_FLAGS + 1] |= TOLD >> 8

    def nothing_sent(self, row: int, after_us: int) -> None:
        """The arrival's task ran, from after_us after it was due, and sent nothing: done without an outcome."""
        at = row * 40
        _SENT.pack_into(self._map, at + _AT_SENT, after_us if after_us < NEVER else NEVER - 1)
        self._map[at + _AT_STATE] = DONE

    # --- names -------------------------------------------------------------------------------------------------------

    def number(self, kind: str, name: str) -> int:
        """The number of an endpoint, version or shape, written down before its first use; '' is 0, and so is one too
        many."""
        if not name:
            return 0
        number = self._names.get((kind, name))
        if number is None:
            if self._counts[kind] >= MOST_NAMES:
                return 0
            number = self._counts[kind] + 1
            line = json.dumps({"kind": kind, "number": number, "name": name}) + "\n"
            try:
                os.write(self._names_fd, line.encode("utf-8", "replace"))
            except OSError as error:
                raise LedgerBroken(error.errno, f"the ledger's names cannot be written: {error}") from error
            self._counts[kind] = number
            self._names[kind, name] = number
        return number

    def close(self) -> None:
        """Cut the file to what is used."""
        self._map.flush()
        self._map.close()
        os.ftruncate(self._rows_fd, self.used * ROW.size)
        os.close(self._rows_fd)
        os.close(self._names_fd)
