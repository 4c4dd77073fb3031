"""A run's journal read as it grows: only what is new is read, and only facts of the kinds that are asked for are decoded.

Most of what a run writes are looks, tens of megabytes in an hour; whoever ends a run, or asks how it stands, waits for none of them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path

from harness import chain, factlines
from harness.facts import Fact, kind_of
from harness.journal import Journal, merged

MOST_BYTES = 1 << 22  # read at once of one file: a follower that comes late holds no more than this of its text


class Following:
    """The facts of a run's folder, of all writers, as they come: of some kinds, or (None) of all.

    A line that is torn, or not whole yet, is left out until it is; so is a file that cannot be read, or is not there yet. Whether a
    record of people is as it was written can only be said of the whole of it, which `journal.read` does: of `kinds` they are
    taken as they stand, and otherwise left to it.
    `ends_s` has, by writer, when its last whole line was written (seconds of the run), whatever its kind.
    """

    def __init__(self, folder: Path, kinds: Collection[type[Fact]] | None = None) -> None:
        inner = folder / "facts"
        self._folder = inner if inner.is_dir() or folder.name != "facts" else folder
        self._marks = None if kinds is None else tuple(f'{{"fact":"{kind_of(kind)}",'.encode() for kind in kinds)
        self._read: dict[str, int] = {}
        self._facts: dict[str, list[Fact]] = {}
        self.ends_s: dict[str, float] = {}

    def journal(self) -> Journal:
        """All of them so far."""
        for path in self._files():
            grown = list(self._grown(path))
            self._facts.setdefault(path.stem, []).extend(grown)
        return merged(fact for facts in self._facts.values() for fact in facts)

    def news(self) -> tuple[Fact, ...]:
        """What was written since the last time, in the order in which it was seen. Nothing of it is kept here."""
        found = [fact for path in self._files() for fact in self._grown(path)]
        return tuple(sorted(found, key=lambda fact: (fact.seen_s, fact.writer, fact.number)))

    @property
    def end_s(self) -> float:
        """When anybody last wrote anything; 0 where nobody has."""
        return max(self.ends_s.values(), default=0.0)

    def _files(self) -> list[Path]:
        found = sorted(self._folder.glob("*.jsonl"))
        return found if self._marks is not None else [one for one in found if not one.stem.startswith(chain.PEOPLE)]

    def _grown(self, path: Path) -> Iterator[Fact]:
        writer = path.stem
        try:
            with path.open("rb") as file:
                if self._read.get(writer, 0) > file.seek(0, 2):  # somebody put another file in its place
                    self._read[writer], self._facts[writer] = 0, []
                file.seek(self._read.get(writer, 0))
                rest = b""
                while text := file.read(MOST_BYTES):
                    whole, end, rest = (rest + text).rpartition(b"\n")
                    self._read[writer] = self._read.get(writer, 0) + len(whole) + len(end)
                    yield from self._told(writer, whole)
        except OSError:
            return

    def _told(self, writer: str, whole: bytes) -> Iterator[Fact]:
        lines = whole.split(b"\n")
        for line in reversed(lines):
            if (last := _seen_s(line)) is not None:
                self.ends_s[writer] = max(last, self.ends_s.get(writer, 0.0))
                break
        if self._marks is None:
            yield from factlines.facts_in(whole)
        else:
            yield from factlines.facts_in(b"\n".join(line for line in lines if line.startswith(self._marks)))


def _seen_s(line: bytes) -> float | None:
    try:
        return float(json.loads(line)["seen_s"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
