"""One at a time on the clean-up ladder: the harness of a run, and who takes its faults out from outside.

Each rung undoes what another climber's rung just made: a proxy that one creates the other deletes, and a restart of Toxiproxy
cuts what the other has put right. So a turn is taken before the first rung that cuts anything; whoever had to wait looks again
from the bottom, for the other may have done it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.flocked import had

WAIT_S = 60.0
"""The slowest ladder: calls that hang for 3 s each, a restart of 30 s, and 10 s until Toxiproxy answers. Then both go on."""


@contextlib.contextmanager
def ladder_turn(folder: Path, worth_waiting: Callable[[], bool] = lambda: True) -> Iterator[bool]:
    """Hold a folder of the run (no file is needed, so no disk that can be written); yields whether somebody else had it meanwhile
    and gave it back. One that keeps it too long, or is not worth waiting for, is passed by: its faults must come out.

    A folder that is gone is nobody's, and held by nobody.
    """
    waited: list[bool] = []
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        yield had(descriptor, WAIT_S, lambda: waited.append(True), worth_waiting) and bool(waited)
    finally:
        os.close(descriptor)
