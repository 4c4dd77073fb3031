"""What a run's own commands made, taken away from outside of the run: their processes ended, their `undo` run."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
import time

from harness.facts import Injecting
from harness.run.folder import RunFolder
from harness.safety.compose import compose_of
from harness.safety.orphans import end_started_for

COMMAND = "command"
TAIL_BYTES = 4000
CHECK_S = 10.0
SOON_S = 10.0  # until an undo has had its effect, as the drill's own limit is where it says nothing
LOOK_S = 0.25
WITHIN_S = 60.0  # the longest that the drill's own limit is likely to be, and that a person waits for


def undo(folder: RunFolder, fault: Injecting) -> str:
    """End what the fault started, run its undo and ask its check, as the run would have; '' when it is out, else what is wrong.

    Idempotent, as the undo is. The journal has their texts, drill.yaml the folder that they are run in.
    """
    end_started_for(folder.run, fault.fault)
    text, check = (str(fault.stated.get(word, "")) for word in ("undo", "check"))
    if text:
        code, last = _run(folder, fault, text, WITHIN_S)
        if code != 0:
            return f"{text} {f'ended with {code}' if code is not None else 'could not be run'}{f': {last}' if last else ''}"
    if check:
        code, last = _still(folder, fault, check)
        if code == 0:
            return f"{check} still ends with 0"
        if code is None:
            return f"{check} could not be run: {last}"
    return ""


def _still(folder: RunFolder, fault: Injecting, check: str) -> tuple[int | None, str]:
    """What the check ends with, asked again while that is 0: what an undo does may take its time."""
    ends_s = time.monotonic() + SOON_S
    while (told := _run(folder, fault, check, CHECK_S))[0] == 0 and time.monotonic() < ends_s:
        time.sleep(LOOK_S)
    return told


def is_off(folder: RunFolder, fault: Injecting) -> bool:
    """Whether the fault's own check says that its condition is not on; False for one without a check."""
    check = str(fault.stated.get("check", ""))
    return bool(check) and _run(folder, fault, check, CHECK_S)[0] not in (0, None)


def _run(folder: RunFolder, fault: Injecting, text: str, within_s: float) -> tuple[int | None, str]:
    """Its exit code and its last line; None where it did not end by itself, and why."""
    from harness.drill.problem import Invalid  # takes a second, in which faults of other kinds are out
    from harness.drill.resolved import base_of

    with tempfile.TemporaryFile() as out:  # a pipe would be waited for as long as anything that it started holds it
        try:
            done = subprocess.run(
                shlex.split(text),
                cwd=base_of(folder.drill_file),
                env={**os.environ, **_told(folder), "DRILL_FAULT": fault.fault},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=within_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None, f"it had not ended after {within_s:g} s"
        except (Invalid, OSError, ValueError) as error:
            return None, str(error)
        out.seek(max(0, out.seek(0, os.SEEK_END) - TAIL_BYTES))
        return done.returncode, "".join(out.read().decode(errors="replace").strip().splitlines()[-1:])


def _told(folder: RunFolder) -> dict[str, str]:
    """Without DRILL_RUN: by it a command that the dead run had started is known, and this one is not."""
    compose = compose_of(folder)
    return compose.told() if compose.project else {}
