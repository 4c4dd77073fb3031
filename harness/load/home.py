"""What a worker on another machine writes, brought to the run's folder while it writes, a little at a time, and proven whole at the end.

Rows are sent when they begin and once more when they change; all other files only grow. A name or key is there before its row.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from harness.ledger.layout import DONE, DTYPE
from harness.ledger.reading import begun

CHUNK = 128 * 1024
EACH_S = 0.5


def files(worker: int) -> tuple[str, ...]:
    """The files of a worker, under a run's folder; those that grow first, the rows last."""
    return (
        f"ledger/{worker}.json",
        f"ledger/{worker}.names.jsonl",
        f"orders/asked-{worker}.jsonl",
        f"answers/{worker}.jsonl",
        f"ledger/{worker}.rows",
    )


class Outgoing:
    """The worker's side."""

    def __init__(self, folder: Path, worker: int) -> None:
        self._folder = folder
        *self._growing, self._rows = files(worker)
        self._sent: dict[str, int] = {}
        self._open = np.zeros(0, np.int64)
        self._as_sent = np.zeros(0, DTYPE)

    def changes(self) -> Iterator[dict[str, Any]]:
        """What is new since the last time, in chunks. Each is to be sent before the next is asked for; see `again`."""
        path = self._folder / self._rows
        used = begun(path, self._sent.get(self._rows, 0)) if path.exists() else 0
        for name in self._growing:
            yield from self._tail(name)
        if used:
            rows = np.memmap(path, DTYPE, "r", shape=(used,))
            yield from self._changed(rows)
            yield from self._begun(rows)
        elif path.exists() and self._rows not in self._sent:
            yield {"file": self._rows, "at": 0, "data": b""}
            self._sent[self._rows] = 0

    def _tail(self, name: str) -> Iterator[dict[str, Any]]:
        path = self._folder / name
        if not path.exists():
            return
        held = path.stat().st_size
        while (at := self._sent.get(name, -1)) < held:  # one that is empty, too, is there
            at = max(at, 0)
            with path.open("rb") as file:
                data = os.pread(file.fileno(), min(CHUNK, held - at), at)
            yield {"file": name, "at": at, "data": data}
            self._sent[name] = at + len(data)

    def _changed(self, rows: Any) -> Iterator[dict[str, Any]]:
        """Rows that were sent before they were done."""
        now = np.array(rows[self._open])
        which = now != self._as_sent
        for part in np.array_split(np.flatnonzero(which), -(-int(which.sum()) * DTYPE.itemsize // CHUNK) or 1):
            if len(part):
                yield {
                    "file": self._rows,
                    "rows": self._open[part].astype("<u4").tobytes(),
                    "data": now[part].tobytes(),
                }
        still = now["state"] != DONE
        self._open, self._as_sent = self._open[still], now[still]

    def _begun(self, rows: Any) -> Iterator[dict[str, Any]]:
        while (at := self._sent.get(self._rows, 0)) < len(rows):
            new = np.array(rows[at : at + CHUNK // DTYPE.itemsize])
            yield {"file": self._rows, "at": at * DTYPE.itemsize, "data": new.tobytes()}
            self._sent[self._rows] = at + len(new)
            still = np.flatnonzero(new["state"] != DONE)
            self._open = np.concatenate([self._open, at + still])
            self._as_sent = np.concatenate([self._as_sent, new[still]])

    def again(self) -> None:
        """What was sent last may not have arrived: all of it is sent anew."""
        self._sent.clear()
        self._open, self._as_sent = np.zeros(0, np.int64), np.zeros(0, DTYPE)

    def whole(self) -> dict[str, tuple[int, str]]:
        """Length and SHA-256 of each file, once nobody writes any more."""
        names = (*self._growing, self._rows)
        return {name: _sum(self._folder / name) for name in names if (self._folder / name).exists()}


class Incoming:
    """The master's side: the files of one worker, under the run's folder."""

    def __init__(self, folder: Path, worker: int) -> None:
        self._folder = folder
        self._names = files(worker)

    def take(self, word: dict[str, Any]) -> None:
        """Raises OSError, and ValueError for a file that is not the worker's own."""
        name, data = word["file"], word["data"]
        if name not in self._names:
            raise ValueError(f"{name!r} is none of this worker's files")
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if "at" in word:
                os.pwrite(file, data, word["at"])
            else:
                size = DTYPE.itemsize
                for place, number in enumerate(np.frombuffer(word["rows"], "<u4").tolist()):
                    os.pwrite(file, data[place * size : (place + 1) * size], number * size)
        finally:
            os.close(file)

    def missing(self, whole: dict[str, Any]) -> str:
        """The first file that is not what the worker has, '' when all are."""
        for name in self._names:
            here = _sum(self._folder / name) if (self._folder / name).exists() else None
            there = tuple(whole[name]) if name in whole else None
            if here != there:
                return name
        return ""


def _sum(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()
