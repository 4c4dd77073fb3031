"""The starter calls at the instant, never before, each by itself; what was closed is not called."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from harness.run.clock import MonotonicClock
from harness.run.ontime import OnTime


def test_a_call_is_made_at_its_instant_and_never_before() -> None:
    clock = MonotonicClock(time.monotonic_ns())
    starter = OnTime(clock)
    futures = [(due_s, starter.at(due_s, clock.now_s)) for due_s in (0.03, 0.01, 0.02)]
    assert all(future.result(timeout=60) >= due_s for due_s, future in futures)
    starter.close()


def test_a_call_that_hangs_delays_no_other() -> None:
    starter = OnTime(MonotonicClock(time.monotonic_ns()))
    release = threading.Event()
    hanging = starter.at(0.0, release.wait)
    assert starter.at(0.01, lambda: "called").result(timeout=60) == "called"
    assert not hanging.done()
    release.set()
    assert hanging.result(timeout=60)
    starter.close()


def test_an_error_comes_back_to_whoever_asks() -> None:
    starter = OnTime(MonotonicClock(time.monotonic_ns()))
    with pytest.raises(ZeroDivisionError):
        starter.at(0.0, lambda: 1 / 0).result(timeout=60)
    starter.close()


def test_what_is_not_due_when_it_is_closed_is_cancelled_and_the_interpreter_is_left_as_it_was() -> None:
    before_s = sys.getswitchinterval()
    starter = OnTime(MonotonicClock(time.monotonic_ns()))
    called: list[int] = []
    future = starter.at(3600.0, lambda: called.append(1))
    dropped = starter.at(0.05, lambda: called.append(2))
    assert dropped.cancel()
    time.sleep(0.1)
    starter.close()
    assert sys.getswitchinterval() == before_s
    while not future.done():
        time.sleep(0.01)
    assert future.cancelled()
    assert called == []
    assert starter.at(0.0, lambda: called.append(3)).cancelled()
