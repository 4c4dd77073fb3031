"""`python -m harness.safety.guardian FOLDER LEASE_S`: beside a run on a target, as the watchdog is beside a run on a stack of its own.

It takes the run's toxics out when the harness is dead, or has been silent for longer than its lease; of a run on a Compose project that
ran already all faults, and once the harness is dead it makes the project what it was. It ends with the run, and is gone with this machine:
then nobody is left who could. What needs a drill's own commands is left to `drill mend`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from harness.attach.record import attached
from harness.facts import Closed, Fact, LeaseLapsed, Mended, NotMended
from harness.following import Following
from harness.inside.pulse import Pulse
from harness.own_process import own_process
from harness.run.folder import RunFolder
from harness.safety.clock import clock_of
from harness.safety.mend import mend
from harness.safety.openfaults import TOLD, open_faults
from harness.safety.takeout import by_hand, own_writer, take_out
from harness.target.takeout import clear

LOOK_S = 0.5
AGAIN_S = 5.0
LONGEST_S = 3600.0  # that a Toxiproxy which does not answer is tried again


def start(folder: RunFolder, lease_s: float) -> subprocess.Popen[bytes]:
    """In a session of its own, so that what ends the harness does not end it. Raises OSError."""
    return subprocess.Popen(
        own_process("harness.safety.guardian", str(folder.path), str(lease_s)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def guard(folder: RunFolder, lease_s: float) -> None:
    """Until the run is over, or its dead harness's toxics are out."""
    pulse = Pulse(folder.lease, folder.path / "alive", lease_s)
    told, wrong, gone_s = "", "", 0.0
    while (state := pulse.look(time.monotonic())) != "over":
        if state == "gone" or (state == "silent" and _open(folder)):
            silent_s = round(pulse.silent_s(time.monotonic()), 3)
            lapsed = LeaseLapsed(lease_s=lease_s, silent_s=silent_s, gone=state == "gone")
            lapsed_now = None if told == state else lapsed
            if attached(folder.path):
                wrong = _off_project(folder, lapsed_now, gone=state == "gone")
            else:
                wrong = _take_out(folder, lapsed_now, wrong)
            told = state
        if state == "gone":
            gone_s = gone_s or time.monotonic()
            if not wrong or time.monotonic() > gone_s + LONGEST_S:
                return
            time.sleep(AGAIN_S)
        time.sleep(LOOK_S)


def _open(folder: RunFolder) -> list[tuple[str, str]]:
    """Faults that may be on and can be taken out from here, each with its target: on a target those on edges, on a project all."""
    journal = Following(folder.path, TOLD).journal()
    every = attached(folder.path)
    return [(fault.fault, fault.target) for fault in open_faults(journal) if every or "->" in fault.target]


def _off_project(folder: RunFolder, lapsed: LeaseLapsed | None, *, gone: bool) -> str:
    """What is still on of a run on a Compose project, or ''. When its harness is gone, the project is made what it was, too."""
    writer = own_writer(folder, "watchdog")
    try:
        if lapsed is not None:
            writer.write(lapsed, durable=True)
        if not gone:
            return ", ".join(take_out(folder, writer, "lease"))
    finally:
        writer.close()
    left = mend(folder, lambda line: None)
    closed = Following(folder.path, (Closed,)).journal().last(Closed)
    return (
        "" if closed and not closed.left else ", ".join(left)
    )  # what is only other than it was is not ours to try again


def _take_out(folder: RunFolder, lapsed: LeaseLapsed | None, said: str) -> str:
    """Why they are not out, or ''. `lapsed` is written down first, the first time; what was `said` before is not said again.

    All that bears the run's name is taken out, also where the journal tells of no fault: its last lines may be lost.
    """
    journal = Following(folder.path, TOLD).journal()
    faults = [fault for fault in open_faults(journal) if "->" in fault.target]
    if not faults:
        return clear(folder.path, folder.run, ())
    begun_s = clock_of(folder).now_s()
    writer = own_writer(folder, "watchdog")
    if lapsed is not None:
        writer.write(lapsed, durable=True)
    wrong = clear(folder.path, folder.run, {fault.target for fault in faults})
    for fault in faults:
        fact: Fact = Mended(fault=fault.fault, begun_s=begun_s, why="lease")
        if wrong:
            fact = NotMended(fault=fault.fault, error=wrong, commands=by_hand(folder, fault))
        if not wrong or wrong != said:
            writer.write(fact, durable=True)
    writer.close()
    return wrong


if __name__ == "__main__":
    guard(RunFolder(Path(sys.argv[1])), float(sys.argv[2]))
