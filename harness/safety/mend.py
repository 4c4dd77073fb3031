"""`drill mend`: clear up after a run that died, from its run folder and the labels in Docker alone. Idempotent."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from harness.facts import Closed, Injecting, Mended
from harness.journal import read
from harness.run import folder as folders
from harness.run.folder import RunFolder
from harness.safety.openfaults import open_faults
from harness.safety.orphans import end_orphans
from harness.safety.takeout import RELEASE, clock_of, noted, own_writer, restored
from harness.safety.undo import COMMAND, is_off, undo

LATE_S = 2.0  # a network or a container that was asked for takes Docker so long, on a busy machine too


def mend(folder: RunFolder, say: Callable[[str], None]) -> list[str]:
    """Undo what the run's own commands made, while its stack is there; then remove everything that bears the run's label.

    Returns what could not be removed.
    Taking the stack away takes its faults away; they are recorded as mended only when the world was read back empty.
    """
    journal = read(folder.path)
    begun_s = clock_of(folder).now_s()
    kept = {fault.fault: said for fault in open_faults(journal) if (said := _undone(folder, fault))}
    for said in kept.values():
        say(f"{folder.run}: {said}")
    left = [*kept, *cleared(folder.run, say)]
    if not left:
        writer = own_writer(folder, "mend")
        for fault in open_faults(journal):
            writer.write(Mended(fault=fault.fault, begun_s=begun_s, why="sweep"), durable=True)
        if not journal.of(Closed):
            writer.write(Closed(), durable=True)
        writer.close()
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


def _there(run: str) -> bool:
    from harness.stack.sweep import all_runs

    return run in all_runs()


def cleared(run: str, say: Callable[[str], None]) -> list[str]:
    """Take away what is there of a dead run, and end what would make more of it; returns what could not be removed."""
    from harness.stack.sweep import sweep

    ended = end_orphans(run)
    for command in ended:
        say(f"{run}: ended what its harness had left running: {command}")
    left = sweep(run)
    if ended:  # Docker may just have been making what was asked of it
        time.sleep(LATE_S)
        left = sweep(run)
    return left


def strays(runs: Path) -> tuple[list[RunFolder], list[str]]:
    """Dead runs that left something: (those with a folder here, ids that only labels tell of)."""
    from harness.stack.sweep import all_runs

    by_id = {folder.run: folder for folder in folders.every(runs)}
    dead, unknown = [], []
    for run in sorted(set(all_runs())):
        folder = by_id.get(run)
        if folder is None:
            unknown.append(run)
        elif not folder.lives():
            dead.append(folder)
    unfinished = [f for f in by_id.values() if f not in dead and not f.lives() and open_faults(read(f.path))]
    return dead + unfinished, unknown
