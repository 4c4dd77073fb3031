"""This machine's part in a load that is run from another one: wait for the run, send one part of its arrivals, and be done."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness.errors import CannotRun, Missing
from harness.load.knock import knock
from harness.load.secured import Keys
from harness.load.worker import NOT_HOME, NOT_WELCOME, OTHER_VERSION, REFUSED
from harness.own_process import own_process

AGAIN_S = 2.0
ENDS = {
    REFUSED: "the load was refused here",
    NOT_HOME: "the run was gone, or took this worker for dead, before all that was recorded here was with it",
}


def join(host: str, port: int, token: str, say: Callable[[str], None], wait_s: float | None = None) -> None:
    """Serve one run. Returns when its load has ended and all that was recorded is there.

    wait_s   for how long a run is waited for; None: for ever
    Raises CannotRun: another token or version, no run in time, or a load that did not come to its end here.
    """
    until = None if wait_s is None else time.monotonic() + wait_s
    told = ""
    while True:
        answer = knock(host, port, Keys.of(token))
        if answer == "refused":
            cure = "compare the two files: sha256sum FILE, here and where the run is"
            raise CannotRun(Missing(f"{host}:{port} knows another token, or is no run of drill's", cure))
        if answer == "open":
            say(f"joining the load of {host}:{port}")
            why = _work(host, port, token)
            if not why:
                return
            told = ""
            say(f"not welcome there: {why}; waiting for the next run")
        elif not told:
            told = "waiting"
            say(f"no run listens at {host}:{port} yet; waiting for one (Ctrl-C ends this)")
        if until is not None and time.monotonic() > until:
            raise CannotRun(Missing(f"no run that takes another worker came to {host}:{port}", "drill run there first"))
        time.sleep(AGAIN_S)


def _work(host: str, port: int, token: str) -> str:
    """One worker's process, from its beginning to its end: '' when it took part, else why it was not welcome."""
    folder = Path(tempfile.mkdtemp(prefix="drill-worker-"))
    log = folder / "worker.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            own_process("harness.load.worker"),
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
            start_new_session=True,  # Ctrl-C is ours to answer
        )
    try:
        assert process.stdin is not None
        line = {"host": host, "port": port, "token": token, "number": -1, "folder": str(folder)}
        process.stdin.write(json.dumps(line).encode() + b"\n")
        process.stdin.close()
        code = process.wait()
    finally:
        process.kill()
        process.wait()
    words = log.read_text(errors="replace").strip().splitlines()
    if code in (0, NOT_WELCOME, OTHER_VERSION):
        shutil.rmtree(folder, ignore_errors=True)
        why = words[-1] if words else "it says no more"
        if code == OTHER_VERSION:
            raise CannotRun(Missing(f"{host}:{port}: {why}", "install the run's version of drill here"))
        return "" if code == 0 else why
    what = ENDS.get(code, f"the worker died (exit code {code})")
    last = f": {words[-1]}" if words else ""
    raise CannotRun(Missing(f"{what}{last}", f"see {log}; the run's own output says more"))
