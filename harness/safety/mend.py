"""`drill mend`: clear up after a run that died, from its run folder and the labels in Docker alone. Idempotent."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.attach.record import attached
from harness.facts import Closed, Injecting, Mended
from harness.flocked import had
from harness.following import Following
from harness.lodgers import RELEASE
from harness.run import folder as folders
from harness.run.folder import RunFolder
from harness.run.shut import shut, unseen
from harness.safety.clock import clock_of
from harness.safety.given_back import given_back
from harness.safety.openfaults import TOLD, open_faults
from harness.safety.orphans import end_orphans
from harness.safety.takeout import noted, own_writer, restored
from harness.safety.undo import COMMAND, is_off, undo
from harness.target.takeout import clear, on_target, target_of
from harness.world.docker_cli import LOOK_S

if TYPE_CHECKING:
    from harness.stack.sweep import Remains

TURN_S = 300.0  # the longest that another mend of the same run is waited for: its undo commands, then Docker, each with a limit
LATE_S = 2.0  # a network or a container that was asked for takes Docker so long, on a busy machine too


def mend(folder: RunFolder, say: Callable[[str], None]) -> list[str]:
    """Undo what the run's own commands made, while its stack is there; then remove everything that bears the run's label.

    Returns what could not be removed. One at a time for each run: a second one waits, and then finds nothing to do.
    Taking the stack away takes its faults away; they are recorded as mended only when the world was read back empty. Of a run on a
    target its own toxics are taken out, and nothing else there is touched; a project that ran already is made what it was.
    """
    with _turn(folder, say) as mine:
        if not mine:
            return [f"run {folder.run}: another `drill mend` has been at it for {TURN_S:g} s"]
        return given_back(folder, say) if attached(folder.path) else _mended(folder, say)


@contextlib.contextmanager
def _turn(folder: RunFolder, say: Callable[[str], None]) -> Iterator[bool]:
    """Hold the run's folder itself, which needs no file and so no disk that can be written; whether it was got in time."""
    descriptor = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield had(descriptor, TURN_S, lambda: say(f"{folder.run}: another `drill mend` is at it; waiting for it"))
    finally:
        os.close(descriptor)


def _mended(folder: RunFolder, say: Callable[[str], None]) -> list[str]:
    journal = Following(folder.path, (*TOLD, Closed)).journal()
    begun_s = clock_of(folder).now_s()
    opened, there = open_faults(journal), on_target(folder.path)
    hurt = {fault.fault: fault.target for fault in opened if there and "->" in fault.target}
    wrong = _off_target(folder, hurt.values()) if there else ""
    undone = {fault.fault: wrong if fault.fault in hurt else _undone(folder, fault) for fault in opened}
    kept = {fault: said for fault, said in undone.items() if said}
    if wrong and not hurt:
        kept[f"its toxics on {target_of(folder.path)}"] = wrong
    for said in dict.fromkeys(kept.values()):
        say(f"{folder.run}: {said}")
    left = [*kept, *([] if there else cleared(folder.run, say))]
    if not left and (opened or not journal.of(Closed)):
        writer = own_writer(folder, "mend")
        for fault in opened:
            writer.write(Mended(fault=fault.fault, begun_s=begun_s, why="sweep"), durable=True)
        if not journal.of(Closed):
            writer.write(Closed(), durable=True)
        writer.close()
        if writer.broken:
            say(f"{folder.run}: it stands nowhere that this was mended: {writer.broken}")
    say(f"{folder.run}: " + ("still there: " + ", ".join(left) if left else "nothing of it is left"))
    return left


def _undone(folder: RunFolder, fault: Injecting) -> str:
    """What is wrong with what the user's own commands made; '' for a fault that goes with the stack."""
    if fault.kind == RELEASE and noted(folder, fault):
        end_orphans(folder.run)  # it may just be going out
        return restored(folder)
    if fault.kind != COMMAND:
        return ""
    said = undo(folder, fault)
    # The watchdog may have taken the stack away before us, and with it what the undo needed and what it was to undo.
    return "" if not said or (is_off(folder, fault) and not _there(folder.run)) else said


def _off_target(folder: RunFolder, hurt: Collection[str]) -> str:
    """All that bears the run's name is taken out, whatever its journal says: its last lines may be lost. What is wrong, or ''."""
    end_orphans(folder.run)
    return clear(folder.path, folder.run, hurt)


def _there(run: str) -> bool:
    from harness.stack.sweep import all_runs

    return run in all_runs()


def cleared(run: str, say: Callable[[str], None]) -> list[str]:
    """Take away what is there of a dead run, and end what would make more of it; returns what could not be removed."""
    from harness.attach.waiting import wake
    from harness.stack.sweep import sweep

    ended = end_orphans(run)
    for command in ended:
        say(f"{run}: ended what its harness had left running: {command}")
    if ended:  # Docker may just have been making what was asked of it
        sweep(run, last=False)
        time.sleep(LATE_S)
    left = sweep(run)
    if left:  # what Docker takes away at the same time, by its own `--rm`, is there until that has ended
        time.sleep(LATE_S)
        left = sweep(run)
    return [*left, *wake(run)]


def strays(runs: Path) -> tuple[list[RunFolder], dict[str, RunFolder | None]]:
    """Dead runs that left something: those with a folder here, and those that only labels tell of, with the folder that these
    name, if it is there. A run of another runs folder that lives is among the latter, and one that cannot be read."""
    there = all_remains(runs)
    by_id = {folder.run: folder for folder in folders.every(runs)}
    unknown = strangers(runs, {run: seen for run, seen in there.items() if run not in by_id})
    dead = [by_id[run] for run in sorted(there) if run in by_id and not by_id[run].lives()]
    others = (folder for folder in by_id.values() if folder not in dead and not folder.lives())
    return dead + [folder for folder in others if _unfinished(folder)], unknown


def _unfinished(folder: RunFolder) -> bool:
    """Whether there may be something of this dead run, of which no label tells."""
    journal = Following(folder.path, (*TOLD, Closed)).journal()
    elsewhere = on_target(folder.path) or attached(folder.path)
    return bool(open_faults(journal)) or (elsewhere and not journal.of(Closed))


def all_remains(runs: Path, within_s: float = LOOK_S) -> dict[str, Remains]:
    """By run id, what is there of every run, of other runs folders too. Raises CannotRun when Docker does not answer in time.

    A run that begins elsewhere has networks before it has a container, by which its folder is found: it is looked for again.
    """
    from harness.stack.sweep import remains

    there = remains(within_s)
    known = {folder.run for folder in folders.every(runs)}
    if any(run not in known and not seen.containers for run, seen in there.items()):
        time.sleep(LATE_S)
        there = remains(within_s)
    return there


def strangers(runs: Path, there: Mapping[str, Remains]) -> dict[str, RunFolder | None]:
    """Of runs without a folder here that can be read, the folder that is shut, or that their labels name, if it is there and that run's."""
    hidden = {RunFolder(path).run: path for path in unseen(runs)}
    found = {run: RunFolder(hidden.get(run) or seen.folder or runs) for run, seen in sorted(there.items())}
    return {
        run: folder if folder.run == run and (shut(folder.path) or folder.facts.is_dir()) else None
        for run, folder in found.items()
    }
