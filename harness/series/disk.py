"""The raw series on disk: written while the run goes, readable while they grow and after a kill at any instant.

A run's `series/` holds `names.jsonl` (a line for each selector that is asked for, then one for each series as it is first
seen: its number, selector and labels) and `samples.rows` (16 bytes and 4 a sample, little-endian, packed, in the order of
their coming). A series stands among the names before its first sample.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.series.raw import Book, RawSeries
from harness.wall import Wall

DTYPE = np.dtype(
    [
        ("unix_ms", "<i8"),  # when the scrape began, on Prometheus' wall clock
        ("value", "<f8"),
        ("series", "<u4"),  # its number among the names
    ]
)
assert DTYPE.itemsize == 20
MOST_BYTES = 128 << 20  # 6.7 million samples: 2 000 series, scraped every second, for almost an hour


class SeriesWriter:
    """Appends what is new. Not to be shared between threads.

    `full` says that the limit was met: what would go beyond it is not written, and the caller has to say so.
    Raises OSError when the disk refuses; what was not written is taken again with the next look that gives it.
    """

    def __init__(self, folder: Path, selectors: Iterable[str], most_bytes: int = MOST_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._names = folder / "names.jsonl"
        self._rows = folder / "samples.rows"
        self._most_bytes = most_bytes
        self._numbers: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
        self._last_ms: dict[int, int] = {}
        self.full = False
        _append(self._names, "".join(_line({"selector": selector}) for selector in selectors).encode())

    def add(self, selector: str, found: Sequence[tuple[Mapping[str, str], Sequence[tuple[int, float]]]]) -> None:
        """The series that a selector gave, each with its samples (unix_ms, value), ascending; those known are left out."""
        names: list[str] = []
        fresh: list[tuple[int, float, int]] = []
        last_ms: dict[int, int] = {}
        numbers: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
        for labels, samples in found:
            key = (selector, tuple(sorted(labels.items())))
            number = self._numbers.get(key)
            if number is None:
                number = numbers[key] = len(self._numbers) + len(numbers)
                names.append(_line({"series": number, "selector": selector, "labels": dict(labels)}))
            after_ms = self._last_ms.get(number, -1)
            new = [(ms, value, number) for ms, value in samples if ms > after_ms]
            fresh += new
            if new:
                last_ms[number] = new[-1][0]
        size = self._rows.stat().st_size if self._rows.exists() else 0
        if size + len(fresh) * DTYPE.itemsize > self._most_bytes:
            self.full = True
            return
        _append(self._names, "".join(names).encode())
        self._numbers.update(numbers)
        _append(self._rows, np.array(fresh, DTYPE).tobytes(), DTYPE.itemsize)
        self._last_ms.update(last_ms)


def read(folder: Path, wall: Wall) -> Book:
    """All series of a run's `series/` folder; {} when there is none (an older run, a stack without a Prometheus)."""
    try:
        names = (folder / "names.jsonl").read_bytes()
    except OSError:
        return {}
    try:  # before the names are looked at again: a series stands there before its first sample
        raw = (folder / "samples.rows").read_bytes()
    except OSError:
        raw = b""
    names = (folder / "names.jsonl").read_bytes() if raw else names
    rows = np.frombuffer(raw, DTYPE, len(raw) // DTYPE.itemsize)
    order = np.lexsort((rows["unix_ms"], rows["series"]))
    rows = rows[order]
    stamps, places = np.unique(rows["unix_ms"], return_inverse=True)
    t_s = np.array([wall.at_s(ms / 1e3) for ms in stamps.tolist()], np.float64)[places] if len(rows) else np.zeros(0)
    book: dict[str, list[RawSeries]] = {}
    for entry in _entries(names):
        found = book.setdefault(entry["selector"], [])
        if "series" in entry:
            low, high = np.searchsorted(rows["series"], (entry["series"], entry["series"] + 1))
            if high > low:
                times, first = np.unique(t_s[low:high], return_index=True)
                found.append(RawSeries(entry["labels"], times, rows["value"][low:high][first]))
    return {selector: tuple(found) for selector, found in book.items()}


def _entries(text: bytes) -> Iterable[dict[str, Any]]:
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):  # torn by a kill
            continue
        if isinstance(entry, dict) and isinstance(entry.get("selector"), str) and _is_series(entry):
            yield entry


def _is_series(entry: Mapping[str, Any]) -> bool:
    """Whether a line names a selector alone, or a series with its number and labels."""
    number, labels = entry.get("series", 0), entry.get("labels", {})
    texts = isinstance(labels, dict) and all(isinstance(value, str) for value in labels.values())
    return "series" not in entry or (type(number) is int and 0 <= number < 1 << 32 and texts and "labels" in entry)


def _line(entry: Mapping[str, object]) -> str:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"


def _append(path: Path, text: bytes, width: int = 0) -> None:
    """Appended whole, or, where the disk refuses, not at all. `width`: that of a row."""
    if not text:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        begun = os.fstat(descriptor).st_size
        try:
            left = text
            while left:
                left = left[os.write(descriptor, left) :]
        except OSError:
            os.ftruncate(descriptor, begun)
            raise
    finally:
        os.close(descriptor)
