"""`drill halt`: ask a living run to end; if it does not answer at once, take its faults out ourselves."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable

from harness.facts import Broke, Closed, GuardTripped, HaltAsked, Interrupted, LeaseLapsed, LoadEnded, Refused
from harness.journal import Journal, read
from harness.run.folder import RunFolder
from harness.safety.openfaults import open_faults
from harness.safety.takeout import RELEASE, clock_of, own_writer, take_out
from harness.safety.undo import COMMAND

ANSWER_S = 1.2  # a harness that runs has mended by then; one that hangs will not: the promise is 2 s
RELEASE_S = 60.0
SILENT_S = 3.0  # a harness that lives writes down its clock every second
ENDS = (HaltAsked, GuardTripped, Interrupted, Refused, Broke, LeaseLapsed, LoadEnded, Closed)


def halt(folder: RunFolder, by: str, reason: str, say: Callable[[str], None]) -> tuple[str, ...]:
    """Returns the faults that are still on (none, when all is well). The run then ends by itself, or is ended if it hangs.

    That no fault is on is not enough, for the next one may just begin: the harness must have said that it injects no more.
    """
    began = time.monotonic()
    if _asked(folder, by, reason):
        patience_s = ANSWER_S
        while time.monotonic() < began + patience_s:
            journal = read(folder.path)
            if injects_no_more(journal) and not open_faults(journal):
                say(f"{folder.run}: faults out {time.monotonic() - began:.2f} s after the command; the run ends now")
                return ()
            if puts_a_release_back(journal, clock_of(folder).now_s()):
                patience_s = RELEASE_S
            time.sleep(0.02)
    writer = own_writer(folder, "halt")
    writer.write(HaltAsked(by=by, reason=reason), durable=True)
    say(f"{folder.run}: the harness did not answer within {ANSWER_S} s; taking its faults out from here")
    still_on = take_out(folder, writer, "halt")
    say(
        f"{folder.run}: {'STILL ON: ' + ', '.join(still_on) if still_on else 'faults out'} {time.monotonic() - began:.2f} s after the command"
    )
    return still_on


def puts_a_release_back(journal: Journal, now_s: float) -> bool:
    """Whether all that is still on is a release, or what a command undoes, and the harness lives: that takes more than a moment,
    and an undo that runs must not be killed by ours."""
    last = max((fact.seen_s for fact in journal.facts if fact.writer == "harness"), default=0.0)
    kinds = {fault.kind for fault in open_faults(journal)}
    return now_s - last < SILENT_S and bool(kinds) and kinds <= {RELEASE, COMMAND}


def injects_no_more(journal: Journal) -> bool:
    """Whether the harness has ended its story: it says why only when everything is mended."""
    return any(journal.of(kind, writer="harness") for kind in ENDS)


def _asked(folder: RunFolder, by: str, reason: str) -> bool:
    """Put the request where the harness looks for it; whether the disk took it."""
    request = folder.path / ".halt.json"
    try:
        request.write_text(json.dumps({"by": by, "reason": reason}))
        request.replace(folder.halt_request)
    except OSError:
        return False
    return True


def end_hanging(folder: RunFolder, patience_s: float, say: Callable[[str], None]) -> bool:
    """Wait for the run to end; kill a harness that does not. Whether it had to be killed (then `drill mend` clears up)."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if not folder.lives():
            return False
        time.sleep(0.1)
    pid = folder.lives()
    if pid:
        say(f"{folder.run}: harness process {pid} hangs; killing it")
        os.kill(pid, signal.SIGKILL)
    return bool(pid)
