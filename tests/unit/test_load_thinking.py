"""A task that has sent nothing yet asks the service nothing; where a request is only told when it has ended, it may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.guards import guard
from harness.ledger import SENDS_SEEN, Rows, read
from harness.ledger.writing import Writer
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
