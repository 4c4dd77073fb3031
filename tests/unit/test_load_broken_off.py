"""What was answered and then broke off, and what the locustfile gave up itself, is no request that went well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.facts import LoadSaid
from harness.ledger import DONE, read
from harness.ledger.layout import CONN, OK, SENT
from harness.ledger.writing import Writer
from harness.stats import fold


def test_what_breaks_off_or_is_given_up_is_no_good_answer(server: Any, loaded: Callable[..., Any]) -> None:
    run = loaded("broken_off", server.url, rate=24.0, for_s=3.0, max_in_flight=24)
    assert {name: set(found) for name, found in run.by_endpoint().items()} == {
        "GET /export": {"conn"},
        "GET /caught": {"conn"},
        "GET /swallowed": {"conn"},
        "GET /said-to-be-good": {"ok"},
        "GET /whole": {"ok"},
        "GET /head-only": {"ok"},
        "GET /limited": {"timeout"},
        "GET /killed": {"timeout"},
        "GET /fast-export": {"conn"},
        "GET /fast-lines": {"conn"},
        "GET /fast-whole": {"ok"},
    }
    assert (run.rows.array["state"] == DONE).all()
    given_up = run.rows.array["took_us"][run.rows.outcome("timeout")]
    assert given_up.min() >= 80_000
    assert given_up.max() < 500_000, "it says how long it was waited for"
    assert any("GET /killed was killed by the locustfile" in fact.text for fact in run.of(LoadSaid))


def test_an_answer_that_is_being_read_is_answered_until_it_breaks_off(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "0badcafe", 0, 0)
    rows = [writer.open(number, writer.number("endpoint", "GET /export"), 1, 0) for number in range(2)]
    for row in rows:
        writer.done(row, row, 5000, 1, 200, 0, OK, 0, 0, whole=False)
    counted = fold(read(tmp_path), 0.0, 1.0)
    assert (counted.counts, counted.waiting) == ({"ok": 2}, 0)
    assert counted.percentile_ms(1.0, service=True) == (5.0, 5.0)
    assert read(tmp_path).array["state"].tolist() == [SENT, SENT]

    writer.read(rows[0])
    writer.broke(rows[1], 90_000, CONN)
    writer.close()
    counted = fold(read(tmp_path), 0.0, 1.0)
    assert (counted.counts, counted.errors) == ({"ok": 1, "conn": 1}, 1)
    array = read(tmp_path).array
    assert array["state"].tolist() == [DONE, DONE]
    assert array["took_us"].tolist() == [5000, 90_000]
