"""The lines of a matrix: one for each run, appended as it ends, never changed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from matrix.cell import INVALID, Cell, Seen, Table


@dataclass(frozen=True)
class Commit:
    """What the run was made of. `dirty`: with changes that no commit holds, so that nobody can make it again."""

    name: str
    dirty: bool = False

    def __str__(self) -> str:
        return self.name[:10] + ("+" if self.dirty else "")


@dataclass(frozen=True)
class Line:
    """One run. `at` is its beginning in UTC, `seconds` its length, `load` the machine's load average when it began.

    expected, seen   by finding: outcome and reason; of `seen` all, of `expected` those that the cell names
    why              the differences, each in a sentence
    gone_s, gone_by  as in Seen
    """

    at: str
    cell: str
    number: int
    commit: str
    dirty: bool
    result: str
    exit_expected: int
    exit_seen: int | None
    seconds: float
    load: float
    run: str = ""
    why: tuple[str, ...] = ()
    expected: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    gone_s: float | None = None
    gone_by: str = ""

    @property
    def made_on(self) -> Commit:
        return Commit(self.commit, self.dirty)


def line_of(
    cell: Cell, number: int, commit: Commit, at: str, seconds: float, load: float, seen: Seen,
    result: str, why: tuple[str, ...],
) -> Line:  # fmt: skip
    return Line(
        at=at,
        cell=cell.name,
        number=number,
        commit=commit.name,
        dirty=commit.dirty,
        result=result,
        exit_expected=cell.exit_code,
        exit_seen=seen.exit_code,
        seconds=round(seconds, 1),
        load=round(load, 2),
        run=seen.run,
        why=why,
        expected={name: str(want) for name, want in cell.wants.items()},
        seen={name: str(found) for name, found in sorted(seen.findings.items())},
        gone_s=seen.gone_s,
        gone_by=seen.gone_by,
    )


def append(file: Path, line: Line) -> None:
    """Whole, and on the disk when this returns."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(asdict(line), ensure_ascii=False) + "\n")
        out.flush()
        os.fsync(out.fileno())


def lines_of(file: Path) -> list[Line]:
    """Every line so far; [] without a file. A last line that was cut off is left out. Raises ValueError for another that is none."""
    if not file.is_file():
        return []
    texts = file.read_text(encoding="utf-8").splitlines(keepends=True)
    whole = [text for text in texts if text.endswith("\n")]
    return [Line(**{**data, "why": tuple(data["why"])}) for data in map(json.loads, whole)]


@dataclass(frozen=True)
class Standing:
    """How far a cell is: runs that count, by whether they were made of what is here now; invalid ones; how many are missing."""

    cell: Cell
    fresh: tuple[Line, ...]
    stale: tuple[Line, ...]
    invalid: tuple[Line, ...]

    def missing(self, *, redo_stale: bool = False) -> int:
        have = len(self.fresh) + (0 if redo_stale else len(self.stale))
        return max(0, self.cell.times - have)


def standings(table: Table, lines: Iterable[Line], fresh: frozenset[str]) -> list[Standing]:
    """Of every cell. `fresh` are the commits that hold the same as what is here; a dirty line is never fresh."""
    known = list(lines)
    found = []
    for cell in table.cells:
        mine = [line for line in known if line.cell == cell.name]
        counted = [line for line in mine if line.result != INVALID]
        new = [line for line in counted if line.commit in fresh and not line.dirty]
        found.append(
            Standing(
                cell,
                tuple(new),
                tuple(line for line in counted if line not in new),
                tuple(line for line in mine if line.result == INVALID),
            )
        )
    return found


def here(root: Path, made_of: Iterable[str]) -> Commit:
    """The commit that is checked out; name '' where there is no repository."""
    name = _git(root, "rev-parse", "HEAD").strip()
    return Commit(name, dirty=not name or bool(_git(root, "status", "--porcelain", "--", *made_of).strip()))


def same_as(root: Path, commits: Iterable[str], made_of: Iterable[str], this: str = "HEAD") -> frozenset[str]:
    """Those commits between which and this one (the one that is checked out) nothing changed that a run is made of."""
    paths = tuple(made_of)

    def same(commit: str) -> bool:
        words = ("git", "-C", str(root), "diff", "--quiet", commit, this, "--", *paths)
        return subprocess.run(words, check=False, capture_output=True).returncode == 0

    return frozenset(commit for commit in set(commits) if commit and same(commit))


def _git(root: Path, *words: str) -> str:
    return subprocess.run(("git", "-C", str(root), *words), check=False, capture_output=True, text=True).stdout
