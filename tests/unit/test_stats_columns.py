"""The fold by columns, block by block, against one that looks at each row; live and judged from the same file."""

from __future__ import annotations

import dataclasses
import math
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.expectations.base import Evidence, Steady
from harness.expectations.requests import error_rows, slowest_row
from harness.journal import Window
from harness.ledger import DTYPE, LIVE_BLOCK, NEVER, OUTCOMES, Rows, Tail, read, rows_of
from harness.ledger.bounds import Bounds
from harness.ledger.layout import OK, TIMEOUT
from harness.ledger.writing import Writer
from harness.stats import Condition, fold
from harness.stats.columns import blocks
from harness.stats.steady import steady_from
from harness.testing import WrittenLogs, journal_of

ENTRY = st.fixed_dictionaries(
    {
        "at_s": st.integers(0, 6_000_000).map(lambda us: us / 1e6),
        "late_ms": st.sampled_from([0.0, 0.0, 3.5, 900.0, None]),
        "took_ms": st.one_of(st.none(), st.integers(0, 4_000_000).map(lambda us: us / 1e3)),
        "outcome": st.sampled_from(["ok", "ok", "ok", "5xx", "timeout", "conn", "4xx", "wrong", "dropped", ""]),
        "endpoint": st.sampled_from(["GET /a", "POST /b"]),
        "aside": st.booleans(),
    }
)


def written(entries: list[dict[str, Any]], block: int) -> Rows:
    """Rows in blocks of this size; what is in flight has no outcome, what has one has ended."""
    listed = [dict(one) for one in entries]
    for one in listed:
        if one["outcome"] == "dropped":
            del one["endpoint"]
        if one["took_ms"] is None:
            one["outcome"] = "" if one["outcome"] != "dropped" else "dropped"
    return dataclasses.replace(rows_of(listed), bounds=Bounds(block))


def by_hand(
    rows: Rows, start_s: float, end_s: float, request: str, now_s: float | None
) -> tuple[Counter[str], int, list[float]]:
    """By the definition, one row after the other: ended by outcome, how many wait, and the times of those that ended (ms)."""
    counts: Counter[str] = Counter()
    waiting, times = 0, []
    for row in rows.array:
        due_us, sent, took = int(row["intended_us"]), int(row["sent_us"]), int(row["took_us"])
        outcome, done = OUTCOMES[row["outcome"]], row["state"] == 3
        if not round(start_s * 1e6) <= due_us < round(end_s * 1e6) or row["flags"] & 1 or (done and not outcome):
            continue
        if now_s is not None and due_us > round(now_s * 1e6):
            continue
        if request and rows.endpoints[row["endpoint"]] != request:
            continue
        end_us = due_us + (0 if sent == NEVER else sent) + (0 if took == NEVER else took)
        if not done or (now_s is not None and end_us > round(now_s * 1e6)):
            waiting += 1
            continue
        counts[outcome] += 1
        lost = NEVER in (sent, took) or outcome in ("timeout", "conn", "dropped")
        times.append(math.inf if lost else (sent + took) / 1e3)
    return counts, waiting, sorted(times)


@given(
    entries=st.lists(ENTRY, min_size=1, max_size=60),
    block=st.sampled_from([1, 3, 7, 1000]),
    request=st.sampled_from(["", "GET /a", "POST /b", "GET /nowhere"]),
    stretch=st.tuples(st.integers(0, 6), st.integers(0, 7)).map(sorted),
    now_s=st.one_of(st.none(), st.floats(0, 12)),
)
def test_counts_and_percentiles_are_those_of_looking_at_each_row(
    entries: list[dict[str, Any]], block: int, request: str, stretch: list[int], now_s: float | None
) -> None:
    rows, (start_s, end_s) = written(entries, block), stretch
    seen = fold(rows, start_s, end_s, request=request, now_s=now_s)
    counts, waiting, times = by_hand(rows, start_s, end_s, request, now_s)
    assert (dict(seen.counts), seen.waiting) == (dict(counts), waiting)
    for quantile in (0.5, 0.95, 0.1, 0.99, 1.0, 0.5):  # each one splits what the next is looked for in
        found = seen.percentile_ms(quantile)
        if found is None:
            assert not seen.n
            continue
        rank = max(1, math.ceil(round(quantile * seen.n, 6)))
        assert found[1] == (times[rank - 1] if rank <= len(times) else math.inf)
        assert found[0] <= found[1]
        if not waiting and not seen.untold:
            assert found[0] == found[1]


@given(entries=st.lists(ENTRY, min_size=1, max_size=40), block=st.sampled_from([1, 4, 1000]), service=st.booleans())
def test_the_rows_cited_are_the_first_in_error_and_the_first_of_the_slowest(
    entries: list[dict[str, Any]], block: int, service: bool
) -> None:
    rows, window = written(entries, block), Window(1.0, 5.0)
    evidence = Evidence(journal_of(), rows, WrittenLogs(), Steady(10.0, ()))
    counted = [
        i
        for i, row in enumerate(rows.array)
        if 1_000_000 <= row["intended_us"] < 5_000_000
        and not row["flags"] & 1
        and (row["state"] != 3 or row["outcome"])
    ]
    bad = [rows.cite(i) for i in counted if OUTCOMES[rows.array[i]["outcome"]] not in ("", "ok", "4xx")]
    assert error_rows(evidence, window, "", ["4xx"]) == tuple(bad[:3])

    def took(i: int) -> float:
        lost = OUTCOMES[rows.array[i]["outcome"]] in ("timeout", "conn", "dropped")
        value = float((rows.service_ms if service else rows.latency_ms)[i])
        return math.inf if lost or math.isnan(value) else value

    slowest = max(counted, key=took, default=None)
    assert slowest_row(evidence, window, "", service) == (() if slowest is None else (rows.cite(slowest),))


def test_live_and_judged_the_same_file_gives_the_same_fold(tmp_path: Path) -> None:
    """The tail of a ledger that grows, asked each second, against the whole file read afterwards, at the same instants."""
    dice = np.random.default_rng(7)
    writer, tail = Writer(tmp_path, "0badcafe", 0, 5), Tail(tmp_path, LIVE_BLOCK)
    endpoint = writer.number("endpoint", "GET /a")
    live, conditions = (
        [],
        (Condition.parse("errors < 5%"), Condition.parse("p95 < 90ms"), Condition.parse("rate > 10/s")),
    )
    for second in range(40):
        for due_us in np.sort(dice.integers(0, 1_000_000, 900)) + second * 1_000_000:
            row = writer.due(int(due_us), 1)
            writer.sent(row, 100, endpoint)
            outcome = TIMEOUT if dice.random() < 0.01 else OK
            took_us = min(int(dice.lognormal(10, 0.6)), (second + 1) * 1_000_000 - int(due_us) - 100)
            writer.done(row, row, max(took_us, 0), endpoint, 200, 0, outcome, 1, 0)
        now_s = second + 1.0
        rows = tail.rows()
        seen = fold(rows, now_s - 5, now_s, now_s=now_s)
        steady = steady_from(rows, conditions, 5.0, 3.0, now_s, now_s)
        live.append((now_s, dict(seen.counts), seen.percentile_ms(0.95), seen.error_ratio(), steady))
    writer.close()
    whole = read(tmp_path)
    assert len(whole) == 36_000 > 2 * whole.bounds.block, "more than one block, or nothing is shown"
    for now_s, counts, p95, ratio, steady in live:
        seen = fold(whole, now_s - 5, now_s, now_s=now_s)
        assert (counts, p95, ratio) == (dict(seen.counts), seen.percentile_ms(0.95), seen.error_ratio())
        assert steady == steady_from(whole, conditions, 5.0, 3.0, now_s, now_s)


def test_a_look_each_second_takes_no_more_memory_the_longer_the_load_goes_on(tmp_path: Path) -> None:
    writer, tail = Writer(tmp_path, "0badcafe", 0, 5), Tail(tmp_path, LIVE_BLOCK)
    endpoint = writer.number("endpoint", "GET /a")
    peaks = []
    for second in range(160):
        for due_us in range(second * 1_000_000, (second + 1) * 1_000_000, 10_000):
            row = writer.due(due_us, 1)
            writer.sent(row, 100, endpoint)
            writer.done(row, row, 5_000, endpoint, 200, 0, OK, 1, 0)
        now_s = second + 1.0
        tracemalloc.start()
        seen = fold(tail.rows(), now_s - 10, now_s, now_s=now_s)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert seen.ok == min(1000, 100 * (second + 1))
    writer.close()
    early, late = max(peaks[20:60]), max(peaks[100:])
    assert late < 1.2 * early, "the last block is full for the first time at second 21"


def test_a_large_ledger_is_read_without_holding_its_file_in_memory(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "0badcafe", 0, 5)
    writer.due(0, 1)
    writer.close()
    array = np.zeros(1_000_000, DTYPE)
    array["intended_us"], array["took_us"], array["outcome"], array["state"] = np.arange(1_000_000), 1000, OK, 3
    array.tofile(tmp_path / "0.rows")
    del array
    rows = read(tmp_path)
    before = mapped_kb()
    assert fold(rows, 0, 2).n == 1_000_000
    assert mapped_kb() - before < 8_000, "40 MB of rows were read; their pages are not kept"


def test_only_so_many_rows_are_kept_as_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.stats import columns

    monkeypatch.setattr(columns, "MOST_ROWS", 20)
    rows = dataclasses.replace(rows_of([{"at_s": i / 10} for i in range(100)]), bounds=Bounds(10))
    for _ in range(2):
        assert fold(rows, 0.0, 10.0).n == 100
        assert sum(1 for _ in blocks(rows, 0, 10**7)) == 10
    assert len(columns._looks[rows]) == 2


def mapped_kb() -> int:
    """Pages of files in this process's memory."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["RssFile"].split()[0])
