"""What a run's own commands made, taken away from outside of the run: their processes ended, their `undo` run."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from harness.drill.problem import Invalid
from harness.drill.resolved import load_resolved
from harness.facts import Injecting
from harness.run.folder import RunFolder
from harness.safety.orphans import end_started_for

COMMAND = "command"
WITHIN_S = 60.0  # the longest that the drill's own limit is likely to be, and that a person waits for


def undo(folder: RunFolder, fault: Injecting) -> str:
    """End what the fault started and run its undo, as the run would have; '' when that ended with 0, else what is wrong.

    Idempotent, as the undo is. The journal has its text, drill.yaml the folder that it is run in.
    """
    end_started_for(folder.run, fault.fault)
    text = str(fault.stated.get("undo", ""))
    if not text:
        return ""
    try:
        base: Path = load_resolved(folder.drill_file).origin.base
        done = subprocess.run(
            shlex.split(text),
            cwd=base,
            env={**os.environ, **_told(folder), "DRILL_FAULT": fault.fault},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{text} had not ended after {WITHIN_S:g} s"
    except (Invalid, OSError, ValueError) as error:
        return f"{text} could not be run: {error}"
    last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
    return "" if done.returncode == 0 else ": ".join([f"{text} ended with {done.returncode}", *last])


def _told(folder: RunFolder) -> dict[str, str]:
    """Without DRILL_RUN: by it a command that the dead run had started is known, and this one is not."""
    project = str(folder.stack_notes().get("project", ""))
    return {"COMPOSE_PROJECT_NAME": project, "COMPOSE_FILE": str(folder.path / "compose.yaml")} if project else {}
