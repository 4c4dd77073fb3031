"""The ledger: what is written is what is read, while it grows, after a kill, and from several workers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from harness.ledger import (
    AGAIN,
    ASIDE,
    DEPENDENT,
    DTYPE,
    DUE,
    ELSEWHERE,
    NEVER,
    SENDS_SEEN,
    SENT,
    TOLD,
    LedgerUnreadable,
    Tail,
    more,
    read,
    request_id,
    row_of_request_id,
    rows_of,
    traceparent,
)
from harness.ledger.layout import MORE_UNKNOWN, OK
from harness.ledger.writing import CHUNK_ROWS, LedgerBroken, Writer
from harness.stats import fold


def a_request(writer: Writer, intended_us: int, endpoint: str = "GET /x", took_us: int = 2000) -> int:
    row = writer.due(intended_us, user=3)
    number = writer.number("endpoint", endpoint)
    writer.sent(row, 100, number)
    version, shape = writer.number("version", "v1"), writer.number("shape", "text/plain")
    writer.done(row, row, took_us, number, 200, version, OK, 5, shape)
    return row


def test_a_row_is_forty_bytes() -> None:
    assert DTYPE.itemsize == 40


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "ab12cd34", 0, 1_000)
    first = a_request(writer, 1_000_000)
    later = writer.open(1_003_000, writer.number("endpoint", "GET /y"), 3, 0, first)
    writer.drop(2_000_000)
    waiting = writer.due(3_000_000, 4)
    login = writer.open(500, writer.number("endpoint", "POST /login"), 4, ASIDE)
    writer.close()

    rows = read(tmp_path)
    assert len(rows) == 5
    assert rows.intended_s.tolist() == [1.0, 1.003, 2.0, 3.0, 0.0005]
    assert rows.latency_ms[first] == pytest.approx(2.1)
    assert rows.service_ms[first] == pytest.approx(2.0)
    assert rows.done_s[first] == pytest.approx(1.0021)
    assert rows.array["state"].tolist() == [3, SENT, 3, DUE, SENT]
    assert rows.outcome("dropped").tolist() == [False, False, True, False, False]
    assert np.isnan(rows.latency_ms[[later, 2, waiting, login]]).all()
    assert rows.array["parent"].tolist() == [0, first, 2, 3, 4]
    assert rows.array["flags"].tolist() == [0, DEPENDENT, 0, 0, ASIDE]
    assert rows.counted().sum() == 4
    assert rows.endpoints == ("", "GET /x", "GET /y", "POST /login")
    assert (rows.versions, rows.shapes) == (("", "v1"), ("", "text/plain"))
    assert rows.at_endpoint("GET /x").sum() == 1
    assert rows.at_endpoint("GET /never called").sum() == 0
    assert rows.between(1.0, 2.0).sum() == 2
    assert rows.cite(2) == "row 0:2"
    assert (tmp_path / "0.rows").stat().st_size == 200
    assert json.loads((tmp_path / "0.json").read_text())["row_bytes"] == 40


def test_a_growing_ledger_is_read_again_and_again(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    assert len(tail.rows()) == 0
    writer = Writer(tmp_path, "ab12cd34", 0, 0)
    assert len(tail.rows()) == 0
    flying = writer.due(10, 1)
    seen = tail.rows()
    assert seen.array["state"].tolist() == [DUE]
    kept = seen.snapshot()
    writer.sent(flying, 5, writer.number("endpoint", "GET /late"))
    assert tail.rows().endpoints == ("", "GET /late")
    assert seen.array["state"].tolist() == [SENT], "rows in flight go on under the reader's eyes"
    assert kept.array["state"].tolist() == [DUE], "a snapshot stays"
    for n in range(CHUNK_ROWS + 10):
        a_request(writer, n, f"GET /{n % 3}")
    assert len(tail.rows()) == CHUNK_ROWS + 11
    writer.close()
    assert len(tail.rows()) == CHUNK_ROWS + 11


def test_a_ledger_cut_anywhere_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "ab12cd34", 0, 0)
    for n in range(20):
        a_request(writer, n * 1000, f"GET /{n}")
    writer.close()
    names, content = (tmp_path / "0.names.jsonl").read_bytes(), (tmp_path / "0.rows").read_bytes()
    for length in (0, 39, 40, 399, 400, 800):
        (tmp_path / "0.rows").write_bytes(content[:length])
        assert len(read(tmp_path)) == length // 40
        (tmp_path / "0.rows").write_bytes(content[: length // 40 * 40].ljust(4000, b"\0"))
        assert len(read(tmp_path)) == length // 40, "the rest of the chunk is empty"
    (tmp_path / "0.names.jsonl").write_bytes(names[: len(names) // 2])
    assert read(tmp_path).endpoints[:3] == ("", "GET /0", "GET /1")


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_rows_whose_name_a_power_cut_has_taken_are_left_out_with_all_after_them(tmp_path: Path, kept: int) -> None:
    writer = Writer(tmp_path, "ab12cd34", 0, 0)
    for number, endpoint in enumerate(("GET /a", "GET /a", "GET /b", "GET /a")):
        a_request(writer, number * 1000, endpoint)
    writer.close()
    names = tmp_path / "0.names.jsonl"
    lines = names.read_text().splitlines(keepends=True)
    others, lines = [x for x in lines if '"endpoint"' not in x], [x for x in lines if '"endpoint"' in x]
    assert len(lines) == 2
    names.write_text("".join([*others, *lines[:kept]]) + lines[-1][:9])
    rows = read(tmp_path)
    assert [rows.endpoints[number] for number in rows.array["endpoint"]] == ["GET /a", "GET /a", "GET /b", "GET /a"][
        : (0, 2, 4)[kept]
    ]


def test_several_workers_become_one_with_one_numbering_of_names(tmp_path: Path) -> None:
    one, two = Writer(tmp_path, "ab12cd34", 0, 0), Writer(tmp_path, "ab12cd34", 1, 0)
    a_request(one, 1000, "GET /a")
    a_request(one, 3000, "GET /b")
    a_request(two, 2000, "GET /b")
    two.drop(4000)
    one.close()

    rows = read(tmp_path)
    assert rows.array["intended_us"].tolist() == [1000, 2000, 3000, 4000]
    assert [rows.endpoints[n] for n in rows.array["endpoint"]] == ["GET /a", "GET /b", "GET /b", ""]
    assert [rows.cite(n) for n in range(4)] == ["row 0:0", "row 1:0", "row 0:1", "row 1:1"]


def test_an_earlier_ledger_is_never_written_over(tmp_path: Path) -> None:
    Writer(tmp_path, "ab12cd34", 0, 0).close()

    with pytest.raises(LedgerBroken):
        Writer(tmp_path, "ab12cd34", 0, 0)


@pytest.mark.parametrize("header", ['{"format": 2, "worker": 0, "row_bytes": 40}', '{"format": 1}', "no json"])
def test_a_header_that_is_not_understood_is_refused(header: str, tmp_path: Path) -> None:
    (tmp_path / "0.json").write_text(header)

    with pytest.raises(LedgerUnreadable):
        read(tmp_path)


def test_names_are_written_before_their_first_use_and_once(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "ab12cd34", 0, 0)
    assert [writer.number("endpoint", name) for name in ("", "a", "b", "a")] == [0, 1, 2, 1]
    assert writer.number("shape", "a") == 1
    lines = [json.loads(line) for line in (tmp_path / "0.names.jsonl").read_text().splitlines()]
    assert lines == [
        {"kind": "endpoint", "number": 1, "name": "a"},
        {"kind": "endpoint", "number": 2, "name": "b"},
        {"kind": "shape", "number": 1, "name": "a"},
    ]


def test_times_too_long_for_their_field_stay_what_they_are(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "ab12cd34", 0, 0)
    row = writer.due(0, 1)
    writer.sent(row, 5_000_000_000, 0)
    writer.close()

    assert read(tmp_path).array["sent_us"][row] == NEVER - 1


def test_ids_are_derived_and_lead_back_to_the_row() -> None:
    assert request_id("ab12cd34", 2, 77) == "drill-ab12cd34-2-77"
    assert row_of_request_id("drill-ab12cd34-2-77") == ("ab12cd34", 2, 77)
    assert row_of_request_id("mine-7") is None
    assert traceparent("ab12cd34", 0, 5) == traceparent("ab12cd34", 0, 5)
    traces = {traceparent("ab12cd34", worker, number) for worker in range(3) for number in range(100)}
    assert len(traces) == 300
    for trace in traces:
        version, trace_id, span_id, flags = trace.split("-")
        assert (version, len(trace_id), len(span_id), flags) == ("00", 32, 16, "01")
        assert int(span_id, 16) > 0
        assert int(trace_id, 16) > 0


def test_rows_written_by_hand_say_what_they_mean() -> None:
    rows = rows_of(
        [
            {"at_s": 1.0, "took_ms": 20, "endpoint": "GET /x"},
            {"at_s": 2.0, "outcome": "dropped"},
            {"at_s": 3.0, "took_ms": None},
            {"at_s": 3.5, "outcome": "5xx", "parent": 2, "version": "v2", "late_ms": 4},
            {"at_s": 0.1, "aside": True},
        ]
    )

    assert rows.latency_ms[0] == 20
    assert rows.array["status"].tolist() == [200, 0, 0, 500, 200]
    assert rows.array["state"].tolist() == [3, 3, SENT, 3, 3]
    assert rows.array["sent_us"][1] == NEVER
    assert rows.latency_ms[3] == 14
    assert rows.versions == ("", "v2")
    assert rows.has(DEPENDENT).tolist() == [False, False, False, True, False]
    assert rows.counted().sum() == 4
    with pytest.raises(KeyError, match="tok_ms"):
        rows_of([{"tok_ms": 1}])


def test_the_numbers_of_one_worker_s_rows_cost_nothing_until_somebody_asks(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "0123abcd", 0, 0)
    for number in range(5):
        writer.drop(number * 1000)
    rows = read(tmp_path)
    assert rows.numbers is None
    assert rows.cite(3) == "row 0:3"
    assert rows.cite(-1) == "row 0:4"
    assert rows.select(np.array([1, 4])).number.tolist() == [1, 4]
    assert rows.snapshot().number.tolist() == [0, 1, 2, 3, 4]


def test_attempts_of_a_client_are_counted_up_to_what_a_row_can_hold(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "0badcafe", 0, 0)
    for attempts in (0, 1, 14, 15, 40):
        row = writer.open(attempts, 0, 0, DEPENDENT)
        writer.elsewhere(row)
        for _ in range(attempts):
            writer.again(row)
        writer.told(row)
    writer.close()
    rows = read(tmp_path)
    assert more(rows.array["flags"]).tolist() == [0, 1, 14, MORE_UNKNOWN, MORE_UNKNOWN]
    assert rows.has(AGAIN).tolist() == [False, True, True, True, True]
    assert (rows.has(TOLD) & rows.has(ELSEWHERE) & rows.has(DEPENDENT)).all()
    older = rows_of([{"again": True}, {"again": 3}, {}])
    assert more(older.array["flags"]).tolist() == [MORE_UNKNOWN, 3, 0]


def test_rows_of_other_hosts_count_where_they_are_named() -> None:
    rows = rows_of(
        [{"endpoint": "GET /a"}, {"endpoint": "GET /b", "elsewhere": True}, {"endpoint": "GET /b", "aside": True}]
    )
    assert rows.counted().tolist() == [True, False, False]
    assert rows.counted("GET /b").tolist() == [False, True, False]
    assert (fold(rows, 0, 1).n, fold(rows, 0, 1, request="GET /b").n) == (1, 1)


def test_an_arrival_whose_task_asked_nothing_is_no_request(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "0badcafe", 0, 0)
    a_request(writer, 1_000_000)
    writer.nothing_sent(writer.due(2_000_000, 1, SENDS_SEEN), 0)
    writer.nothing_sent(writer.due(2_000_000, 1), 0)
    writer.due(3_000_000, 2, SENDS_SEEN)
    writer.due(3_000_000, 3)
    writer.drop(4_000_000)
    writer.close()
    rows = read(tmp_path)
    assert rows.asked().tolist() == [True, False, False, False, True, True]
    assert rows.counted().tolist() == rows.asked().tolist()
    assert fold(rows, 0, 9).n == 3, "the fold counts the same"
    assert rows_of([{"silent": True}, {}]).asked().tolist() == [False, True]
