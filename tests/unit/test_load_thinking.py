"""A task that has sent nothing yet asks the service nothing; where a request is only told when it has ended, it may have."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from locust import FastHttpUser, HttpUser, User

from harness.drill.guards import guard
from harness.ledger import DEPENDENT, SENDS_SEEN, Rows, read
from harness.ledger.writing import Writer
from harness.load.gate import Gate
from harness.load.recorder import Recorder
from harness.load.seat import Seat, Seats
from harness.run.guards import check
from harness.run.stop import Stopped
from harness.stats import fold

LIMITS = ("p95 > 800ms for 5s", "p95 > 800ms for 10s", "p50 > 500ms for 5s", "errors > 1% for 5s")


def thinking(folder: Path, pause_s: float, flags: int, now_s: float = 30.0) -> Rows:
    """50 arrivals a second for 30 s, whose tasks pause before their one request, answered within 20 ms; as it stands at now_s."""
    writer = Writer(folder, "0badcafe", 0, 0)
    endpoint = writer.number("endpoint", "GET /x")
    for number in range(30 * 50):
        due_us = number * 20_000
        row = writer.due(due_us, 1, flags)
        asked_us = due_us + round(pause_s * 1e6)
        if asked_us <= now_s * 1e6:
            writer.nothing_sent(row, 0)
            asked = writer.open(asked_us, endpoint, 1, 0, row)
            writer.done(asked, row, 20_000, endpoint, 200, 0, 1, 1, 0)
    writer.close()
    return read(folder)


@pytest.mark.parametrize("pause_s", [1.0, 3.0])
def test_tasks_that_think_trip_no_guard_of_a_healthy_service(tmp_path: Path, pause_s: float) -> None:
    rows = thinking(tmp_path, pause_s, SENDS_SEEN)
    for limit in LIMITS:
        check((guard(limit),), rows, 0.0, 30.0)


def test_tasks_whose_requests_are_told_when_they_have_ended_may_wait_for_an_answer(tmp_path: Path) -> None:
    rows = thinking(tmp_path, 3.0, 0)
    with pytest.raises(Stopped):
        check((guard(LIMITS[0]),), rows, 0.0, 30.0)


def test_tasks_that_thought_when_the_load_ended_are_no_errors(tmp_path: Path) -> None:
    seen = fold(thinking(tmp_path, 12.0, SENDS_SEEN, now_s=40.0), 0.0, 60.0, now_s=60.0, given_up_s=10.0)
    assert (seen.n, seen.ok, seen.errors, seen.waiting) == (28 * 50 + 1, 28 * 50 + 1, 0, 0)


@pytest.fixture
def arrive(tmp_path: Path) -> Any:
    """Let an arrival through to a user of this class, whose task does nothing here: its seat."""
    writer, seats = Writer(tmp_path, "0badcafe", 0, 0), Seats()
    recorder = Recorder(writer, seats, 0, "", lambda kind, text: None)
    classes = {kind: type(kind.__name__, (kind,), {}) for kind in (HttpUser, FastHttpUser, User)}
    gate = Gate(writer, recorder, seats, closed=False, seed=1)

    def arrive(kind: type) -> Seat:
        gate.admit([(classes[kind], 1.0, 1)])
        user: Any = object.__new__(classes[kind])
        seat = seats.of(user)
        seat.greenlet, seat.filled, seat.begun_us = SimpleNamespace(switch=lambda seat: None), False, 1000
        gate._pools[classes[kind]].idle.append(seat)
        gate._order = [gate._pools[classes[kind]]]
        gate._arrive(1000)
        recorder._seat_here = lambda: seat  # type: ignore[method-assign]
        return seat

    def flags(*kinds: type, told: bool = False) -> list[int]:
        for kind in kinds:
            seat = arrive(kind)
            if told:
                recorder.on_request(request_type="grpc", name="/x", response_time=1.0, exception=None)
            seat.row = -1
        writer.close()
        rows = read(tmp_path)
        return [int(flag) for flag in rows.array["flags"][~rows.has(DEPENDENT)]]

    return flags


def test_users_with_a_client_of_locust_s_are_seen_when_they_send(arrive: Any) -> None:
    assert arrive(HttpUser, FastHttpUser, User) == [SENDS_SEEN, SENDS_SEEN, 0]


def test_users_of_whose_requests_only_an_event_told_are_not(arrive: Any) -> None:
    assert arrive(HttpUser, HttpUser, told=True) == [SENDS_SEEN, 0]
