"""`drill status`: what runs now and what dead runs left, from run folders, locks and Docker's labels alone. Changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.attach.record import attached
from harness.errors import CannotRun
from harness.facts import Closed
from harness.following import Following
from harness.progress import KINDS, Outline, Progress, progress
from harness.quantities import seconds
from harness.run import folder as folders
from harness.run.clock import MonotonicClock
from harness.run.folder import RunFolder
from harness.run.shut import shut
from harness.run.target import holders
from harness.safety.clock import SILENT_S, clock_of
from harness.safety.mend import all_remains, strangers
from harness.safety.openfaults import gone_with_the_stack
from harness.underway import LoadNow, RunStatus, Status

if TYPE_CHECKING:
    from harness.stack.sweep import Remains

DOCKER_S = 5.0  # whoever asks how things stand does not wait longer for Docker


def status_of(folder: RunFolder) -> Status:
    """One run, whatever became of it. Docker is asked only of one that does not live."""
    pid = folder.lives()
    there, unseen = ({}, "") if pid else _remains(folder.path.parents[1])
    return Status((_run(folder, pid, None if unseen else there),), unseen=unseen)


def status(runs: Path) -> Status:
    """Every run that lives, the newest first, and every dead one that left something."""
    there, unseen = _remains(runs)
    found = {folder.run: folder for folder in folders.every(runs)}
    seen = [_run(folder, folder.lives(), None if unseen else there) for folder in found.values()]
    others = strangers(runs, {run: what for run, what in there.items() if run not in found})
    return Status(
        runs=tuple(run for run in seen if run.state not in ("ended", "cut")),
        preparing=tuple(holder for holder in holders(runs) if not holder.run),
        elsewhere=tuple((run, place.path if place else None, _lives(place)) for run, place in others.items()),
        unseen=unseen,
    )


def _lives(place: RunFolder | None) -> bool | None:
    """None where it cannot be told."""
    return None if place and shut(place.path) else bool(place and place.lives())


def _remains(runs: Path) -> tuple[dict[str, Remains], str]:
    try:
        return all_remains(runs, DOCKER_S), ""
    except CannotRun as error:
        return {}, str(error.missing[0].what).splitlines()[0]


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
        # A stack of its own is gone then, and most faults with it; a project that ran already is there still.
        if there is not None and left is None and not attached(folder.path):
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
        left=_counted(left),
    )


def _counted(left: Remains | None) -> dict[str, int] | None:
    if left is None:
        return None
    counts = {"container": left.containers, "network": left.networks, "volume": left.volumes}
    return {word: count for word, count in counts.items() if count}


def _without_harness(closed: Closed | None, told: Progress, left: Remains | None, *, unseen: bool) -> str:
    if closed is None:
        return "dead" if told.faults or unseen or left else "cut"
    if told.faults or (left and closed.left):
        return "remains"
    return "kept" if left else "ended"


def _load(folder: RunFolder, told: Progress, now_s: float) -> LoadNow | None:
    """The last seconds of the load, as the live display reckons them; None while its ledger cannot be read."""
    from harness.errors import DrillError
    from harness.ledger.reading import Tail
    from harness.report.last_seconds import WINDOW_S, state

    try:
        rows = Tail(folder.ledger).rows()
    except (DrillError, OSError, ValueError):
        return None
    seen = state(told.stage, tuple(fault.fault for fault in told.faults), rows, now_s)
    return LoadNow(WINDOW_S, seen.arrivals, seen.errors, seen.p95, seen.waiting)


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
