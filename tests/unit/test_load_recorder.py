"""From what Locust's clients do to rows: also where a client raises instead of reporting."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.ledger import read
from harness.ledger.layout import trace_prefix
from harness.ledger.writing import Writer
from harness.load.birth import serve
from harness.load.fingerprints import ids_begin
from harness.load.recorder import Recorder
from harness.load.seat import Seats
from harness.stats import fold


def test_a_client_that_raises_is_an_error_at_its_endpoint_and_no_fast_answer(tmp_path: Path) -> None:
    writer, seats = Writer(tmp_path, "0badcafe", 0, 0), Seats()
    recorder = Recorder(writer, seats, 0, "X-Version", lambda kind, text: None)
    user = SimpleNamespace()
    for number in range(10):
        seat = seats.of(user)
        serve(seat)
        seat.row, seat.filled, seat.due_us = writer.due(number * 1000, seat.number), False, number * 1000
        seat.begun_us = recorder.now_us()
        entry = recorder.begin(user, "GET", "/cart", None)
        if number == 0:
            recorder.failed(entry, ValueError("no URL"))
        else:
            writer.done(entry.row, entry.parent, 900_000, entry.endpoint, 200, 0, 1, 5, 0)
    writer.close()
    at_cart = fold(read(tmp_path), 0.0, 1.0, request="GET /cart")
    assert (at_cart.n, at_cart.errors, at_cart.counts) == (10, 1, {"ok": 9, "wrong": 1})
    slowest = at_cart.percentile_ms(1.0, service=True)
    fastest = at_cart.percentile_ms(0.1, service=True)
    assert slowest == (900.0, float("inf")), "whether there was an answer is not known"
    assert fastest == (0.0, 900.0)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, []),
        ({"X-Request-ID": "drill-0badcafe-0-0"}, []),
        ({"X-Trace-ID": trace_prefix("0badcafe", 0).upper() + "0" * 15 + "1"}, []),
        ({"X-Request-ID": "7f3a2c"}, ["answers bear X-Request-IDs that the load did not send"]),
        ({"X-Correlation-ID": "7f3a2c"}, ["answers bear X-Correlation-IDs that the load did not send"]),
    ],
)
def test_answers_with_ids_that_are_not_ours_are_told_once(
    tmp_path: Path, headers: dict[str, str], told: list[str]
) -> None:
    said: list[tuple[str, str]] = []
    writer, seats = Writer(tmp_path, "0badcafe", 0, 0), Seats()
    ours = ids_begin("0badcafe", 0)
    recorder = Recorder(writer, seats, 0, "", lambda kind, text: said.append((kind, text)), ours=ours)
    for number in range(3):
        row = writer.open(number * 1000, 0, 0, 0)
        answer = SimpleNamespace(status_code=500, headers=headers, _content=f"no. {number}".encode())
        recorder.write(row, row, 0, {"response": answer, "exception": None, "response_time": 1.0})
    writer.close()
    assert said == [("answer_ids", text) for text in told]


def test_a_locustfile_that_sets_an_id_itself_is_told_once(tmp_path: Path) -> None:
    said: list[tuple[str, str]] = []
    recorder = Recorder(Writer(tmp_path, "0badcafe", 0, 0), Seats(), 0, "", lambda *one: said.append(one))
    for _ in range(3):
        recorder.sets_own("X-Request-ID")
    assert said == [
        ("own_ids", "the locustfile sets X-Request-ID itself, so that the harness sends none of its own there")
    ]
