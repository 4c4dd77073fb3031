"""`drill halt`: ask a living run to end; if it does not answer at once, take its faults out ourselves."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from harness.facts import Broke, Closed, GuardTripped, HaltAsked, Interrupted, LeaseLapsed, LoadEnded, Refused
from harness.following import Following
from harness.journal import Journal
from harness.lodgers import RELEASE
from harness.run import target
from harness.run.folder import RunFolder
from harness.safety.clock import SILENT_S, clock_of
from harness.safety.openfaults import TOLD, open_faults
from harness.safety.signalled import signalled
from harness.safety.takeout import own_writer, take_out
from harness.safety.undo import COMMAND

ANSWER_S = 1.2  # a harness that runs has mended by then; one that hangs will not: the promise is 2 s
RELEASE_S = 60.0
AT_ONCE_S = 20.0  # a stack is taken down in some seconds
ENDS = (HaltAsked, GuardTripped, Interrupted, Refused, Broke, LeaseLapsed, LoadEnded, Closed)


def halt(folder: RunFolder, by: str, reason: str, say: Callable[[str], None]) -> tuple[str, ...]:
    """Returns the faults that are still on (none, when all is well). The run then ends by itself, or is ended if it hangs.

    That no fault is on is not enough, for the next one may just begin: the harness must have said that it injects no more.
    """
    began = time.monotonic()
    if _asked(folder, by, reason):
        patience_s = ANSWER_S
        _ready(folder)
        seen, clock = Following(folder.path, (*TOLD, *ENDS)), clock_of(folder)
        while time.monotonic() < began + patience_s:
            journal = seen.journal()
            if injects_no_more(journal) and not open_faults(journal):
                say(f"{folder.run}: faults out {time.monotonic() - began:.2f} s after the command; the run ends now")
                return ()
            if puts_a_release_back(journal, clock.now_s() - seen.ends_s.get("harness", 0.0)):
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


def puts_a_release_back(journal: Journal, silent_s: float) -> bool:
    """Whether all that is still on is a release, or what a command undoes, and the harness lives, which wrote its last fact
    `silent_s` ago: that takes more than a moment, and an undo that runs must not be killed by ours."""
    kinds = {fault.kind for fault in open_faults(journal)}
    return silent_s < SILENT_S and bool(kinds) and kinds <= {RELEASE, COMMAND}


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


def _ready(folder: RunFolder) -> None:
    """Load what takes faults out from here while the harness is about to answer: it is not waited for afterwards."""
    faults = open_faults(Following(folder.path, TOLD).journal())
    if any("->" in fault.target for fault in faults):
        import harness.world.toxiproxy  # noqa: F401
    if any("->" not in fault.target for fault in faults):
        import docker  # noqa: F401


def end_preparing(runs: Path, say: Callable[[str], None]) -> tuple[int, int]:
    """End the runs that hold their target and have no folder yet (images are looked at or built): nothing can be on, and they
    answer SIGTERM at once. How many there were, and how many of them go on."""
    preparing = [holder for holder in target.holders(runs) if not holder.run]
    go_on = 0
    for holder in preparing:
        refused = signalled(signal.SIGTERM, asdict(holder))
        go_on += bool(refused)
        told = f"it was being made ready (process {holder.pid}); it was told to end, nothing had been started"
        say(f"{holder.drill}: {f'it is being made ready, and {refused}' if refused else told}")
    return len(preparing), go_on


def end_hanging(folder: RunFolder, patience_s: float, say: Callable[[str], None]) -> bool:
    """Wait for the run to end; kill a harness that does not. Whether it had to be killed (then `drill mend` clears up).

    One that only waits (for the stack to have done its work, say) leaves that upon a signal, as upon a second Ctrl-C, and is judged.
    One that cannot be sent a signal from here goes on, and that is said.
    """
    if _ends(folder, patience_s):
        return False
    if harness := folder.holder():
        silent = f"{folder.run}: it has not ended for {patience_s:g} s"
        if refused := signalled(signal.SIGTERM, harness):
            say(f"{silent}, and {refused}, then: drill mend {folder.run}")
            return False
        say(f"{silent}; whatever it waits for is left")
        if _ends(folder, AT_ONCE_S):
            return False
    if harness := folder.holder():
        say(f"{folder.run}: harness process {harness['pid']} hangs; killing it")
        return not signalled(signal.SIGKILL, harness)
    return False


def _ends(folder: RunFolder, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not folder.lives():
            return True
        time.sleep(0.1)
    return not folder.lives()
