"""From what Locust's clients do to rows: also where a client raises instead of reporting."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from harness.ledger import read
from harness.ledger.writing import Writer
from harness.load.recorder import Recorder
from harness.load.seat import Seats
from harness.stats import fold


def test_a_client_that_raises_is_an_error_at_its_endpoint_and_no_fast_answer(tmp_path: Path) -> None:
    writer, seats = Writer(tmp_path, "0badcafe", 0, 0), Seats()
    recorder = Recorder(writer, seats, 0, "X-Version", lambda kind, text: None)
    user = SimpleNamespace()
    for number in range(10):
        seat = seats.of(user)
        seat.row, seat.filled, seat.due_us = writer.due(number * 1000, seat.number), False, number * 1000
        entry = recorder.begin(user, "GET", "/cart", None)
        if number == 0:
            recorder.failed(entry, ValueError("no URL"))
        else:
            writer.done(entry.row, entry.parent, 900_000, entry.endpoint, 200, 0, 1, 5, 0)
    writer.close()
    at_cart = fold(read(tmp_path), 0.0, 1.0, request="GET /cart")
    assert (at_cart.n, at_cart.errors, at_cart.counts) == (10, 1, {"ok": 9, "wrong": 1})
    slowest = at_cart.percentile_ms(1.0)
    fastest = at_cart.percentile_ms(0.1, service=True)
    assert slowest == (float("inf"), float("inf"))
    assert fastest == (900.0, 900.0)
