"""`drill status`: what runs now and what dead runs left, from run folders, locks and Docker's labels alone. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import EXIT_HARNESS, EXIT_INCONCLUSIVE, EXIT_NOT_MENDED, EXIT_PASSED, CannotRun
from harness.facts import Closed
from harness.following import Following
from harness.progress import KINDS, Outline, Progress, progress
from harness.quantities import seconds
from harness.run import folder as folders
from harness.run.clock import MonotonicClock
from harness.run.folder import RunFolder
from harness.run.target import Holder, holders
from harness.safety.clock import clock_of
from harness.safety.halt import SILENT_S
from harness.safety.openfaults import gone_with_the_stack

if TYPE_CHECKING:
    from harness.report.live import State
    from harness.stack.sweep import Remains

DOCKER_S = 5.0  # whoever asks how things stand does not wait longer for Docker


@dataclass(frozen=True)
class RunStatus:
    """
    state     running; hanging (it lives and writes nothing any more); dead (nobody holds it, and something of it is left, or may
              be); kept (it ended, and its stack stands, as --keep leaves it); ended; cut (killed, and nothing of it is left)
    now_s     now, on the run's clock; silent_s since the harness last wrote anything
    left      what of it is in Docker; None where Docker did not answer, or was not asked
    """

    run: str
    drill: str
    folder: Path
    state: str
    pid: int
    opened_unix_s: float | None
    now_s: float
    silent_s: float
    progress: Progress
    outline: Outline
    load: State | None = None
    left: Remains | None = None

    @property
    def code(self) -> int:
        """7 where a fault may be on that nobody takes out in time; 6 where only something was left behind."""
        on = bool(self.progress.faults)
        stuck = any(fault.state == "stuck" for fault in self.progress.faults)
        if stuck or (on and self.state in ("hanging", "dead")):
            return EXIT_NOT_MENDED
        return EXIT_HARNESS if self.state in ("hanging", "dead") else EXIT_PASSED


@dataclass(frozen=True)
class Status:
    """
    preparing   runs that hold their target and have no folder yet
    elsewhere   ids that only labels tell of, with the folder that these name: runs of other runs folders
    unseen      why it is not known what dead runs left; '' when Docker was asked and answered
    """

    runs: tuple[RunStatus, ...]
    preparing: tuple[Holder, ...] = ()
    elsewhere: tuple[tuple[str, Path | None, bool], ...] = ()
    unseen: str = ""

    @property
    def code(self) -> int:
        """The exit code: 7 before 6 before 3 before 0."""
        codes = {run.code for run in self.runs}
        if EXIT_NOT_MENDED in codes:
            return EXIT_NOT_MENDED
        if EXIT_HARNESS in codes or any(folder is None for _, folder, _ in self.elsewhere):
            return EXIT_HARNESS
        return EXIT_INCONCLUSIVE if self.unseen else EXIT_PASSED


def status_of(folder: RunFolder) -> Status:
    """One run, whatever became of it. Docker is asked only of one that does not live."""
    pid = folder.lives()
    there, unseen = ({}, "") if pid else _remains()
    return Status((_run(folder, pid, None if unseen else there),), unseen=unseen)


def status(runs: Path) -> Status:
    """Every run that lives, the newest first, and every dead one that left something."""
    there, unseen = _remains()
    found = {folder.run: folder for folder in folders.every(runs)}
    seen = [_run(folder, folder.lives(), None if unseen else there) for folder in found.values()]
    elsewhere = [
        (run, place, bool(place and RunFolder(place).lives()))
        for run, place in sorted((run, _place(run, remains)) for run, remains in there.items() if run not in found)
    ]
    return Status(
        runs=tuple(run for run in seen if run.state not in ("ended", "cut")),
        preparing=tuple(holder for holder in holders(runs) if not holder.run),
        elsewhere=tuple(elsewhere),
        unseen=unseen,
    )


def _remains() -> tuple[dict[str, Remains], str]:
    from harness.stack.sweep import remains

    try:
        return remains(DOCKER_S), ""
    except CannotRun as error:
        return {}, str(error.missing[0].what).splitlines()[0]


def _place(run: str, remains: Remains) -> Path | None:
    path = remains.folder
    return path if path is not None and (path / "facts").is_dir() and RunFolder(path).run == run else None


def _run(folder: RunFolder, pid: int, there: dict[str, Remains] | None) -> RunStatus:
    follow = Following(folder.path, KINDS)
    journal = follow.journal()
    opened, left = journal.opened, (there or {}).get(folder.run)
    clock = MonotonicClock(opened.monotonic_ns) if pid and opened else clock_of(folder)
    now_s = clock.now_s()
    silent_s = now_s - follow.ends_s.get("harness", 0.0)
    told = progress(journal, Outline())
    if pid:
        state = "hanging" if told.beats and silent_s > SILENT_S else "running"
    else:
        if there is not None and left is None:  # its stack is gone, and most faults with it
            gone = {fault.fault for fault in gone_with_the_stack(journal)}
            told = replace(told, faults=tuple(fault for fault in told.faults if fault.fault not in gone))
        state = _without_harness(journal.last(Closed), told, left, unseen=there is None)
    outline = Outline() if state in ("ended", "cut") else outline_of(folder)
    return RunStatus(
        run=folder.run,
        drill=folder.drill,
        folder=folder.path,
        state=state,
        pid=pid,
        opened_unix_s=opened.wall_unix_s if opened else None,
        now_s=now_s,
        silent_s=silent_s,
        progress=replace(progress(journal, outline), faults=told.faults),
        outline=outline,
        load=_load(folder, told, now_s) if pid and told.beats else None,
        left=left,
    )


def _without_harness(closed: Closed | None, told: Progress, left: Remains | None, *, unseen: bool) -> str:
    if told.faults or (unseen and closed is None):
        return "dead"
    if left:
        return "kept" if closed is not None and not closed.left else "dead"
    return "cut" if closed is None else "ended"


def _load(folder: RunFolder, told: Progress, now_s: float) -> State | None:
    """The last seconds of the load, through the fold that judges; None while its ledger cannot be read."""
    from harness.errors import DrillError
    from harness.ledger.reading import Tail
    from harness.report.live import state

    try:
        rows = Tail(folder.ledger).rows()
    except (DrillError, OSError, ValueError):
        return None
    return state(told.stage, tuple(fault.fault for fault in told.faults), rows, now_s)


def outline_of(folder: RunFolder) -> Outline:
    """From drill.yaml, without the drill's whole model: who asks how things stand does not wait for that."""
    import yaml

    try:
        data = yaml.load(folder.drill_file.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        abort = data["abort"]
        return Outline(
            phases={str(phase["name"]): seconds(phase["for"]) for phase in data["phases"]},
            guards=tuple(str(guard) for guard in abort.get("any") or ()),
            max_duration_s=seconds(abort["max_duration"]),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError):  # not written yet, or cut
        return Outline()
