"""The real world's parts, started and closed: what does not start is told as what a run needs, and is closed all the same."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import CannotRun, NotApplied
from harness.run.assembly import Parts, needed


class Lookout:
    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.closed = 0

    def start(self) -> None:
        raise self.error

    def close(self) -> None:
        self.closed += 1


def looking(lookout: Lookout) -> None:
    nothing: Any = SimpleNamespace()
    watcher: Any = lookout
    with contextlib.ExitStack() as closing:
        Parts(nothing, nothing, nothing, watcher, nothing, closing).begin_looking(nothing)


def test_a_lookout_that_does_not_start_is_a_run_that_could_not_begin() -> None:
    lookout = Lookout(NotApplied("the lookout was not ready within 30 s"))
    with pytest.raises(CannotRun, match="not ready within 30 s"):
        looking(lookout)
    assert lookout.closed == 1


def test_a_lookout_whose_start_is_interrupted_is_closed() -> None:
    lookout = Lookout(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        looking(lookout)
    assert lookout.closed == 1


def test_an_error_of_ours_stays_one() -> None:
    with pytest.raises(ZeroDivisionError), needed():
        raise ZeroDivisionError
