"""Writing a run's facts down as they come: one file for each writer, and the live view of what it wrote."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import threading
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from harness import chain, factlines
from harness import facts as f
from harness.facts import Fact
from harness.journal import Journal

F = TypeVar("F", bound=Fact)

PLACE_EVERY = 4096  # facts


class Writer:
    """Writes the facts of one writer to `folder/<writer>.jsonl`; safe to share between threads.

    `now` gives seconds since the run was opened and stamps each fact that has no `seen_s` yet. Opened again (a harness
    that was killed, a second `drill halt`), it goes on counting where the file ends.

    Neither opening nor `write` raises when the disk refuses (full, read-only): taking a fault out must never hang on
    writing it down. The facts stay in memory, are tried again with every later one, and `broken` says what happened.

    mask      takes out of a fact what must not be written down; what `write` returns is without it as well
    chained   each line holds the hash of the line before it; the first this text (see harness/chain.py)
    """

    def __init__(
        self,
        folder: Path,
        writer: str,
        now: Callable[[], float],
        *,
        chained: str = "",
        mask: Callable[[F], F] | None = None,
    ) -> None:
        self.writer = writer
        self.path = folder / f"{writer}.jsonl"
        self.broken = ""  # why a fact could not be put on disk when it happened; the first reason stays
        self._now = now
        self._before = chained
        self._mask: Callable[[Any], Any] | None = mask
        self._lock = threading.Lock()
        self._facts: list[Fact] = []
        self._owed = b""  # what the disk has refused so far
        self._number = 0
        self._fd = -1
        self._places: list[tuple[float, int]] = []  # now and then: by when all before this byte was seen
        try:
            folder.mkdir(parents=True, exist_ok=True)
            old = self.path.read_bytes() if self.path.exists() else b""
            self._number = max((number for line in old.split(b"\n") if (number := factlines.number(line))), default=0)
            if chained and (whole := old.removesuffix(b"\n").split(b"\n")) and old:
                self._before = chain.digest(whole[-1])
            if old and not old.endswith(b"\n"):  # a line torn by a kill: end it, so that the next one is whole
                self._owed = b"\n"
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            self.broken = _refusal(self.path, error)

    def write(self, fact: F, *, durable: bool = False) -> F:
        """Stamp and append one fact; returns it as written. `durable`: on disk (fsync) before this returns."""
        with self._lock:
            seen_s = fact.seen_s or round(self._now(), 6)
            fact = self._mask(fact) if self._mask else fact
            stamped = dataclasses.replace(fact, writer=self.writer, number=self._number + 1, seen_s=seen_s)
            data = f.to_dict(stamped) | ({chain.KEY: self._before} if self._before else {})
            text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str)
            line = text.encode("utf-8", "backslashreplace")
            if self._before:
                self._before = chain.digest(line)
            self._owed += line + b"\n"
            self._number += 1
            self._facts.append(stamped)
            self._pay(durable)
            if self._number % PLACE_EVERY == 0:
                self._mark()
        return stamped

    @property
    def whole(self) -> bool:
        """Whether every fact is in the file by now."""
        return not self._owed

    def journal(self) -> Journal:
        """All that this writer has written since it was opened: the live view, without reading files again."""
        with self._lock:
            return Journal(tuple(self._facts))

    def forget(
        self,
        kinds: tuple[type[Fact], ...],
        before_s: float,
        since_s: float = -math.inf,
        but_last_of: Callable[[Any], Hashable] | None = None,
    ) -> None:
        """Leave facts of these kinds seen in [since, before) out of the live view: memory must not grow with a run's length.

        They stand in the file (`recall`); where the disk has refused any, nothing is forgotten, for the run is judged by
        what is here. With `but_last_of`, the last of them with each key stays: what it says holds until the next.
        """
        with self._lock:
            if self._owed or self.broken:
                return
            going = [fact for fact in self._facts if isinstance(fact, kinds) and since_s <= fact.seen_s < before_s]
            numbers = {fact.number for fact in going}
            if but_last_of is not None:
                numbers -= set({but_last_of(fact): fact.number for fact in going}.values())
            if numbers:
                self._facts = [fact for fact in self._facts if fact.number not in numbers]

    def recall(self, kinds: tuple[type[Fact], ...], since_s: float) -> Iterator[None]:
        """Take what was forgotten of these kinds, seen since then, into the live view again, some lines at each step: whoever asks
        has other things to do meanwhile. It is there after the last one; a file that cannot be read gives nothing."""
        with self._lock:
            held = {fact.number for fact in self._facts}
            place = bisect_left(self._places, (since_s, 0)) - 1
            offset = self._places[place][1] if place >= 0 else 0
            last = self._number
        found: list[Fact] = []
        with contextlib.suppress(OSError):
            for step in factlines.of_kinds(self.path, kinds, offset):
                found += (one for one in step if one.seen_s >= since_s and one.number <= last)
                yield
        again = [fact for fact in found if fact.number not in held]
        with self._lock:
            self._facts = sorted([*self._facts, *again], key=lambda fact: fact.number)

    def close(self) -> None:
        """Facts that come later stay in memory; idempotent."""
        with self._lock:
            self._pay(durable=False)
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = -1

    def _mark(self) -> None:
        """Remember where the file ends by now: what is seen later than this stands behind it."""
        if self._fd >= 0 and not self._owed:
            with contextlib.suppress(OSError):
                self._places.append((self._now(), os.lseek(self._fd, 0, os.SEEK_END)))

    def _pay(self, durable: bool) -> None:
        """Put on disk what it has not got yet, in order; a line that went in half-way is gone on with."""
        if self._fd < 0:
            return
        try:
            while self._owed:
                self._owed = self._owed[os.write(self._fd, self._owed) :]
            if durable:
                os.fsync(self._fd)
        except OSError as error:
            self.broken = self.broken or _refusal(self.path, error)


def _refusal(path: Path, error: OSError) -> str:
    return f"{path} cannot be written: {error.strerror or error}"
