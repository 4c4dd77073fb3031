"""The folder that a run leaves behind, and the lock that tells whether its run still lives."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.drill.project import LATEST
from harness.errors import CannotRun, UsageError
from harness.inside.pulse import identity
from harness.run.shut import shut, unseen

NAMED = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
"""A run folder's own name: its start and its id."""


@dataclass(frozen=True)
class RunFolder:
    """`runs/<drill>/<UTC start>-<run id>/`. Everything in it is written as it happens."""

    path: Path

    @property
    def run(self) -> str:
        return self.path.name.rpartition("-")[2]

    @property
    def drill(self) -> str:
        return self.path.parent.name

    def named(self, which: str) -> bool:
        """Whether it is this very run that is meant."""
        return which in (self.run, self.path.name, f"{self.drill}/{self.path.name}")

    @property
    def facts(self) -> Path:
        return self.path / "facts"

    @property
    def ledger(self) -> Path:
        return self.path / "ledger"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def lease(self) -> Path:
        """The lease by which the run holds its faults, and what its watchdog remembers."""
        return self.path / "lease"

    @property
    def series(self) -> Path:
        """The stack's own metrics, sample by sample; made when a claim needs them."""
        return self.path / "series"

    @property
    def spans(self) -> Path:
        """The traces that services sent, as they came; made when one sends any."""
        return self.path / "spans"

    @property
    def replays(self) -> Path:
        """What promtool was given of each alert that was replayed; made for the first."""
        return self.path / "replays"

    @property
    def levers(self) -> Path:
        """What the drill's own commands printed, a file for each; made when one is started."""
        return self.path / "levers"

    @property
    def drill_file(self) -> Path:
        return self.path / "drill.yaml"

    @property
    def verdict(self) -> Path:
        return self.path / "verdict.json"

    @property
    def halt_request(self) -> Path:
        return self.path / "halt.json"

    def stack_notes(self) -> dict[str, Any]:
        """What the stack wrote of itself (project, edges, Toxiproxy's address, ports); {} when it never came so far."""
        try:
            notes = json.loads((self.path / "stack.json").read_text())
        except (OSError, ValueError, RecursionError):  # none yet, or cut by a power failure, within a character even
            return {}
        return notes if isinstance(notes, dict) else {}

    @property
    def compose_files(self) -> str:
        """What COMPOSE_FILE is for commands of the user's: the run's own file, or those of a project that ran already."""
        return str(self.stack_notes().get("compose_files") or self.path / "compose.yaml")

    def lives(self) -> int:
        """The process id of the harness that holds this run, or 0 when none does."""
        return int(self.holder().get("pid", 0))

    def holder(self) -> dict[str, Any]:
        """What the harness that holds this run wrote of itself (`inside.pulse.identity`); {} when none does."""
        try:
            with (self.path / "alive").open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    found = json.loads(file.read())
                    return found if isinstance(found, dict) else {}
        except (FileNotFoundError, ValueError, RecursionError):
            pass
        return {}

    @contextlib.contextmanager
    def alive(self) -> Iterator[None]:
        """Hold the run; the kernel lets go when this process ends, however it ends.

        Only with its facts/ is a folder a run that others find, so that nobody takes one that just begins for a dead one.
        """
        descriptor = os.open(self.path / "alive", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps(identity()).encode())
            self.facts.mkdir(exist_ok=True)
            yield
        finally:
            os.close(descriptor)


def create(runs: Path, drill: str) -> RunFolder:
    """A new run folder, and `runs/latest` pointing to it. Raises CannotRun when the disk refuses."""
    start = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = RunFolder(runs / drill / f"{start}-{secrets.token_hex(4)}")
    latest = runs / LATEST
    if latest.is_dir() and not latest.is_symlink():  # unpacked from an archive that followed it, say
        raise CannotRun(f"{latest} is a folder, and each run makes it a link to itself: call that folder otherwise")
    try:
        for part in (folder.ledger, folder.logs):
            part.mkdir(parents=True, exist_ok=True)
        fresh = runs / f".latest-{folder.run}"
        fresh.symlink_to(folder.path.relative_to(runs), target_is_directory=True)
        fresh.replace(latest)
    except OSError as error:
        raise CannotRun(f"cannot write the run folder {folder.path}: {error.strerror}") from error
    return folder


def every(runs: Path) -> list[RunFolder]:
    """All run folders that can be read, newest first (`shut.unseen`: the others). A copy under another name is none; it is judged by
    its path."""
    found = [p for p in runs.glob("*/*Z-????????") if NAMED.fullmatch(p.name) and not shut(p)]
    found = [p for p in found if (p / "facts").is_dir() and not p.is_symlink()]
    return [RunFolder(p) for p in sorted(found, key=lambda p: p.name, reverse=True)]


def find(runs: Path, which: str) -> RunFolder:
    """A run by 'latest', by its folder, by its id, or by its drill's name (then its newest); with ~N the N-th before it, of the same
    drill. Raises UsageError.
    """
    name, tilde, back = which.rpartition("~")
    if tilde and name and (not back or (back.isascii() and back.isdecimal())):
        return _before(runs, find(runs, name), int(back or 1), which)
    path = Path(which)
    if why := shut(path):
        raise UsageError(why)
    if (path / "facts").is_dir():
        return RunFolder(path.resolve())
    folders = every(runs)
    if which == LATEST and folders:
        return folders[0]
    for folder in folders:
        if which == folder.drill or folder.named(which):
            return folder
    hidden = unseen(runs)
    if named := [why for path, why in hidden.items() if RunFolder(path).named(which)]:
        raise UsageError(*named)
    raise UsageError(
        f"no run {which!r} in {runs}; a run is a folder, an id, a drill's name or 'latest', and latest~1 the one before",
        *hidden.values(),
    )


def blank(which: str) -> bool:
    """Whether it is a run's folder without a fact: its harness ended before it began anything, or is just about to."""
    path = Path(which)
    return path.is_dir() and NAMED.fullmatch(path.resolve().name) is not None and not (path / "facts").is_dir()


def _before(runs: Path, run: RunFolder, back: int, which: str) -> RunFolder:
    older = [one for one in every(runs) if one.drill == run.drill and one.path.name <= run.path.name]
    if back >= len(older):
        have = "is 1" if len(older) == 1 else f"are {len(older)}"
        raise UsageError(
            f"no run {which!r}: there {have} of {run.drill} up to {run.run}; `drill runs {run.drill}` lists them"
        )
    return older[back]
