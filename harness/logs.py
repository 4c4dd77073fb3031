"""The logs of a stored run: `logs/<container>.log`, lines as `docker logs --timestamps` gives them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from harness.expectations.base import Line, serves
from harness.facts import ClockRead, ContainerChanged, ContainerSeen, Opened
from harness.journal import Journal

_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?")


class Wall:
    """Wall-clock times on the run's axis, by the journal's readings of both clocks; follows the wall clock's steps."""

    def __init__(self, journal: Journal) -> None:
        read = [(fact.wall_unix_s, fact.seen_s) for fact in journal.of(ClockRead)]
        opened = journal.opened
        self._pairs = sorted([*([(opened.wall_unix_s, 0.0)] if isinstance(opened, Opened) else []), *read])
        self._walls = [wall for wall, _ in self._pairs]

    def at_s(self, wall_unix_s: float) -> float:
        if not self._pairs:
            return wall_unix_s
        wall, axis_s = self._pairs[max(0, bisect_right(self._walls, wall_unix_s) - 1)]
        return axis_s + wall_unix_s - wall


class StoredLogs:
    """Reads a run's logs when they are asked for; lines without a stamp belong to the line before."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self._folder = folder
        self._wall = Wall(journal)
        facts: Iterable[ContainerSeen | ContainerChanged] = (*journal.of(ContainerSeen), *journal.of(ContainerChanged))
        self._services = {fact.container: fact.service for fact in facts}

    def lines(self, service: str, start_s: float, end_s: float) -> Iterator[Line]:
        for path in sorted(self._folder.glob("*.log")):
            container = path.stem
            owner = self._services.get(container, container)
            if serves(owner, service):
                yield from self._of(path, owner, container, start_s, end_s)

    def _of(self, path: Path, service: str, container: str, start_s: float, end_s: float) -> Iterator[Line]:
        at_s = float("-inf")
        with path.open("rb") as file:
            for raw in file:
                if not raw.endswith(b"\n"):  # torn by a kill
                    break
                text = raw.decode(errors="replace").rstrip("\r\n")
                match = _STAMP.match(text)
                if match:
                    at_s = self._wall.at_s(unix_s(match))
                    text = text[match.end() :]
                if start_s <= at_s < end_s:
                    yield Line(service, container, at_s, text)


def unix_s(stamp: re.Match[str]) -> float:
    """Docker's RFC 3339 stamp, of up to nanoseconds, as seconds since 1970."""
    zone = stamp.group(3).replace("Z", "+00:00")
    return datetime.fromisoformat(stamp.group(1) + zone).timestamp() + float(f"0.{stamp.group(2) or 0}")


class NoLogs:
    """For a run that kept none: what is not in them is then not known, since no log was followed."""

    def lines(self, service: str, start_s: float, end_s: float) -> Iterable[Line]:
        return ()
