"""A run's journal read as it grows: only what is new is read, and only facts of the kinds that are asked for are decoded.

Most of what a run writes are looks, tens of megabytes in an hour; whoever ends a run, or asks how it stands, waits for none of them.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from harness.facts import Fact, from_dict, kind_of
from harness.journal import Journal, merged


class Following:
    """The facts of some kinds in a run's folder, of all writers. People's records are taken as they stand: the judge checks them.

    `ends_s` has, by writer, when its last whole line was written (seconds of the run), whatever its kind.
    """

    def __init__(self, folder: Path, kinds: Collection[type[Fact]]) -> None:
        self._folder = folder / "facts"
        self._marks = tuple(f'{{"fact":"{kind_of(kind)}",'.encode() for kind in kinds)
        self._read: dict[str, int] = {}
        self._facts: dict[str, list[Fact]] = {}
        self.ends_s: dict[str, float] = {}

    def journal(self) -> Journal:
        """All of them so far. A line that is torn, or not whole yet, is left out; so is a file that cannot be read."""
        for path in sorted(self._folder.glob("*.jsonl")):
            self._take_in(path)
        return merged(fact for facts in self._facts.values() for fact in facts)

    @property
    def end_s(self) -> float:
        """When anybody last wrote anything; 0 where nobody has."""
        return max(self.ends_s.values(), default=0.0)

    def _take_in(self, path: Path) -> None:
        writer = path.stem
        try:
            with path.open("rb") as file:
                if self._read.get(writer, 0) > file.seek(0, 2):  # somebody put another file in its place
                    self._read[writer], self._facts[writer] = 0, []
                file.seek(self._read.get(writer, 0))
                text = file.read()
        except OSError:
            return
        whole = text[: text.rfind(b"\n") + 1]
        self._read[writer] = self._read.get(writer, 0) + len(whole)
        kept = self._facts.setdefault(writer, [])
        lines = whole.splitlines()
        kept += [fact for line in lines if line.startswith(self._marks) and (fact := _fact(line)) is not None]
        for line in reversed(lines):
            if (last := _seen_s(line)) is not None:
                self.ends_s[writer] = max(last, self.ends_s.get(writer, 0.0))
                break


def _fact(line: bytes) -> Fact | None:
    try:
        return from_dict(json.loads(line))
    except (ValueError, TypeError, AttributeError):  # no line of ours, or one without its fields
        return None


def _seen_s(line: bytes) -> float | None:
    try:
        return float(json.loads(line)["seen_s"])
    except (ValueError, TypeError, KeyError):
        return None
