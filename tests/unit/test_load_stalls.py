"""A generator that stands still is late, whoever made it stand; only what a task waits for while the hub is free is a pause of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from harness.ledger import DEPENDENT, read
from harness.ledger.writing import Writer
from harness.load.birth import serve
from harness.load.recorder import Recorder
from harness.load.seat import Seats
from harness.load.stalls import Stalls

STALL_S = 0.25
Body = Callable[[], None]


def block(for_s: float = STALL_S) -> None:
    until = time.perf_counter() + for_s
    while time.perf_counter() < until:
        pass


def blocks_then_yields() -> None:
    block()
    gevent.sleep(0.02)


class Load:
    """A recorder on the real hub, with one user whose task does something before its first request."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        opened_ns = time.monotonic_ns()
        self.writer, self.seats = Writer(folder, "0badcafe", 0, opened_ns), Seats()
        self.recorder = Recorder(self.writer, self.seats, opened_ns, "", lambda kind, text: None)
        self.recorder.outside.open = True
        self.recorder.stalls.begin()

    def play(self, before: Body, other: Body, *, by_event: bool) -> Any:
        """The row of the request: one of an HTTP client's, or one of which only an event tells when it has ended."""
        user = SimpleNamespace()
        seat = self.seats.of(user)
        serve(seat)

        def task() -> None:
            seat.due_us = seat.begun_us = self.recorder.now_us()
            seat.row, seat.filled = self.writer.due(seat.due_us, seat.number), False
            before()
            if not by_event:
                self.recorder.begin(user, "GET", "/x", None)
                return
            sent_s = time.perf_counter()
            gevent.sleep(0.05)
            took_ms = (time.perf_counter() - sent_s) * 1000
            self.recorder.on_request(request_type="GET", name="/x", response_time=took_ms, exception=None)

        gevent.joinall([gevent.spawn(task), gevent.spawn(other)], raise_error=True)
        self.writer.close()
        rows = read(self.folder)
        return rows.select(rows.at_endpoint("GET /x"))


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    load = Load(tmp_path)
    yield load
    load.recorder.stalls.end()


@pytest.mark.parametrize("by_event", [False, True])
@pytest.mark.parametrize(
    ("before", "other"),
    [
        (block, lambda: None),
        (blocks_then_yields, lambda: None),
        (lambda: gevent.sleep(0.02), block),
        (lambda: gevent.sleep(0), block),
    ],
    ids=[
        "its task blocks",
        "its task blocks, then yields",
        "another blocks while it pauses",
        "another blocks as it yields",
    ],
)
def test_a_stall_before_the_first_request_is_lateness(load: Load, before: Body, other: Body, by_event: bool) -> None:
    row = load.play(before, other, by_event=by_event)
    assert row.late_ms[0] >= STALL_S * 1000 - 25.0


@pytest.mark.parametrize("by_event", [False, True])
def test_a_pause_with_the_hub_free_is_none(load: Load, by_event: bool) -> None:
    row = load.play(lambda: gevent.sleep(STALL_S), lambda: None, by_event=by_event)
    assert row.has(DEPENDENT).all()
    assert row.late_ms[0] < STALL_S * 1000 - 50.0


def test_short_stalls_that_a_task_sleeps_through_add_up_to_no_lateness() -> None:
    stalls = seen((100, 120), (200, 220), (300, 320), until_ms=1000)
    assert stalls.held_up_us(50_000, 1_000_000, 1_000_000) == 0
    assert stalls.held_up_us(50_000, 322_000, 322_000) == pytest.approx(20_000, abs=5000), "it woke late by the last"
    assert stalls.held_up_us(110_000, 500_000, 500_000) == pytest.approx(10_000, abs=5000), "it began in the first"


def test_a_long_stall_is_seen_wherever_it_lies_and_one_that_goes_on_as_well() -> None:
    stalls = seen((300, 700), until_ms=1000)
    assert stalls.held_up_us(50_000, 1_000_000, 1_000_000) == pytest.approx(400_000, abs=5000)
    assert stalls.held_up_us(50_000, 1_500_000, 1_500_000) == pytest.approx(900_000, abs=10_000)
    assert stalls.held_up_us(750_000, 990_000, 1_500_000) == 0, "it had sent before the one that goes on"


def seen(*stood_still_ms: tuple[int, int], until_ms: int) -> Stalls:
    stalls = Stalls(0)
    for at_ms in range(0, until_ms + 1, 5):
        if not any(start_ms < at_ms < end_ms for start_ms, end_ms in stood_still_ms):
            stalls.beat(at_ms * 1000)
    return stalls
