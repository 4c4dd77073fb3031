"""`python -m matrix.torture.seamed ARGUMENTS`: `drill ARGUMENTS` that writes down its seams, and dies at one of them.

TORTURE_SEAMS    a file that gets each seam as it is reached, a line each
TORTURE_SYNCED   a file that gets what is surely on disk: a path and a length, a line each
TORTURE_DIE      the seam at which the process is killed (SIGKILL, by itself)
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from matrix.torture.seams import Counted, Seam
from matrix.torture.wraps import install

KILL = os.kill
"""As it was before it became a seam itself."""


def main() -> None:
    die = os.environ.get("TORTURE_DIE", "")
    seams, synced = _line_writer("TORTURE_SEAMS"), _line_writer("TORTURE_SYNCED")

    def reached(seam: Seam) -> None:
        seams(str(seam))
        if str(seam) == die:
            KILL(os.getpid(), signal.SIGKILL)

    install(Counted(reached), lambda path, length: synced(f"{length} {path}"))
    from harness.cli import main as drill

    drill()


def _line_writer(variable: str) -> Callable[[str], None]:
    """Appends to the file that the variable names, each line by one call; without one it does nothing."""
    named = os.environ.get(variable)
    if not named:
        return lambda line: None
    file = os.open(Path(named), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def write(line: str) -> None:
        os.write(file, f"{line}\n".encode())

    return write


if __name__ == "__main__":
    main()
