"""Plays what a table lacks: one run after another, each told to the disk as it ends. Resumable at any instant."""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matrix.cell import INVALID, OK, Cell, Seen, Table
from matrix.compare import compare
from matrix.record import Commit, Line, Standing, append, here, line_of, lines_of, same_as, standings
from matrix.render import page

INVALID_IN_A_ROW = 3
"""A cell whose runs are invalid so often in one go is left: something is wrong with the machine, or with the cell."""
CALM_EVERY_S = 5.0
Play = Callable[[Cell, Path], Seen]


def said(line: str) -> None:
    """On stdout, at once, for whoever follows a log."""
    print(line, flush=True)


@dataclass(frozen=True)
class Runner:
    """
    root   of the repository; lines and page go to its docs/
    work   where the copies and the runs' folders go; they are kept, for they are the evidence
    play   plays one cell in a new folder
    below  a run begins only once the machine's load average is below this; its outcome is told whatever comes
    """

    table: Table
    root: Path
    work: Path
    play: Play
    say: Callable[[str], object] = said
    below: float | None = None

    @property
    def file(self) -> Path:
        return self.root / "docs" / f"{self.table.name}.jsonl"

    def standings(self) -> list[Standing]:
        lines = lines_of(self.file)
        fresh = same_as(self.root, (line.commit for line in lines), self._made_of)
        return standings(self.table, lines, frozenset() if self._here().dirty else fresh)

    def run(self, only: Sequence[str] = (), *, redo_stale: bool = False) -> bool:
        """Play what is missing, each cell once before any of them twice; whether every run that counts is ok, and none is missing."""
        wanted = [one for one in self.standings() if not only or one.cell.name in only]
        missing = {one.cell.name: one.missing(redo_stale=redo_stale) for one in wanted}
        wasted = dict.fromkeys(missing, 0)
        while due := [
            one.cell for one in wanted if missing[one.cell.name] and wasted[one.cell.name] < INVALID_IN_A_ROW
        ]:
            for cell in due:
                invalid = self._one(cell).result == INVALID
                wasted[cell.name] = wasted[cell.name] + 1 if invalid else 0
                missing[cell.name] -= not invalid
        self.render()
        chosen = [one for one in self.standings() if not only or one.cell.name in only]
        for line in self.tell(chosen):
            self.say(line)
        return all(not one.missing() and all(line.result == OK for line in one.fresh + one.stale) for one in chosen)

    def render(self) -> None:
        target = self.file.with_suffix(".md")
        target.parent.mkdir(parents=True, exist_ok=True)
        lines = lines_of(self.file)
        last = next((line.commit for line in reversed(lines) if line.commit and not line.dirty), "")
        newest = same_as(self.root, (line.commit for line in lines), self._made_of, last) if last else frozenset()
        target.write_text(page(self.table, lines, newest), encoding="utf-8")

    def tell(self, standings: Sequence[Standing]) -> list[str]:
        """How far each cell is, in a line."""
        told = []
        for one in standings:
            ok = sum(line.result == OK for line in one.fresh + one.stale)
            parts = [f"{ok} of {len(one.fresh) + len(one.stale)} ok"]
            parts += [f"{len(one.stale)} stale ({', '.join(sorted({str(s.made_on) for s in one.stale}))})"] * bool(
                one.stale
            )
            parts += [f"{len(one.invalid)} invalid"] * bool(one.invalid)
            parts += [f"{one.missing()} missing"] * bool(one.missing())
            told.append(f"{one.cell.name:<24} {', '.join(parts)}")
        return told

    def _one(self, cell: Cell) -> Line:
        self._await_calm()
        number = 1 + sum(line.cell == cell.name for line in lines_of(self.file))
        commit, load = self._here(), os.getloadavg()[0]
        began, at = time.monotonic(), datetime.datetime.now(datetime.UTC)
        place = self.work / self.table.name / f"{at:%Y%m%dT%H%M%SZ}-{cell.name.replace(' ', '-')}-{number}"
        place.mkdir(parents=True)
        self.say(f"{cell.name} {number}: {place}")
        stopped: BaseException | None = None
        try:
            seen = self.play(cell, place)
        except KeyboardInterrupt as error:
            seen, stopped = Seen(None, invalid="broken off by hand"), error
        result, why = compare(cell, seen)
        why = tuple(text.replace(f"{self.work}{os.sep}", "") for text in why)  # a page tells of no machine's folders
        seconds = time.monotonic() - began
        line = line_of(cell, number, commit, f"{at:%Y-%m-%dT%H:%M:%SZ}", seconds, load, seen, result, why)
        append(self.file, line)
        self.render()
        self.say(
            f"{cell.name} {number}: {result}, exit {seen.exit_code}, {seconds:.0f} s"
            + "".join(f"\n    {w}" for w in why)
        )
        if stopped is not None:
            raise stopped
        return line

    def _await_calm(self) -> None:
        if self.below is None:
            return
        if os.getloadavg()[0] >= self.below:
            self.say(f"waiting for a load average below {self.below:g}")
        while os.getloadavg()[0] >= self.below:
            time.sleep(CALM_EVERY_S)

    def _here(self) -> Commit:
        return here(self.root, self._made_of)

    @property
    def _made_of(self) -> tuple[str, ...]:
        return (*self.table.made_of, f"tests/matrix/{self.table.name}")
