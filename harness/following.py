"""A journal that still grows, read at the cost of what is new: for whoever looks at a run from another process."""

from __future__ import annotations

import contextlib
from pathlib import Path

from harness import chain, factlines
from harness.facts import Fact

MOST_BYTES = 1 << 22  # read at once of one file: a follower that comes late holds no more than this of its text


class Following:
    """The facts of a run's folder as they come. `news` twice in a row gives each fact once, and in the end those of `journal.read`.

    A line that is not whole yet waits for its end; a file that does not exist yet is looked for again. People's records are
    not followed: whether one is as it was written can only be said of the whole of it, which `journal.read` does.
    """

    def __init__(self, folder: Path) -> None:
        inner = folder / "facts"
        self._folder = inner if inner.is_dir() or folder.name != "facts" else folder
        self._read: dict[Path, int] = {}

    def news(self) -> tuple[Fact, ...]:
        """What was written since the last time, by writer; in the order in which it was seen where one file gave all."""
        found: list[Fact] = []
        for path in sorted(self._folder.glob("*.jsonl")):
            if not path.stem.startswith(chain.PEOPLE):
                found += self._grown(path)
        return tuple(sorted(found, key=lambda fact: (fact.seen_s, fact.writer, fact.number)))

    def _grown(self, path: Path) -> list[Fact]:
        found: list[Fact] = []
        offset = self._read.get(path, 0)
        with contextlib.suppress(OSError), path.open("rb") as file:
            file.seek(offset)
            rest = b""
            while text := file.read(MOST_BYTES):
                whole, end, rest = (rest + text).rpartition(b"\n")
                offset += len(whole) + len(end)
                found += factlines.facts_in(whole)
        self._read[path] = offset
        return found
