"""However the looks fall, the rows of several workers are all there, once, each as it stands in its worker's file."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.ledger import LIVE_BLOCK, Rows, Tail, read
from harness.ledger.closing import abandon
from harness.ledger.layout import OK
from harness.ledger.writing import Writer

STEPS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(("due", "done", "look", "die"))), max_size=50)


def told(rows: Rows) -> set[tuple[int, int, int, int, str, int]]:
    """Of each row what it is of, with its name in words."""
    array = rows.array
    names = [rows.endpoints[number] for number in array["endpoint"]]
    columns = (
        rows.worker.tolist(),
        rows.number.tolist(),
        array["intended_us"].tolist(),
        array["state"].tolist(),
        names,
    )
    return set(zip(*columns, array["flags"].tolist(), strict=True))


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_every_look_shows_what_the_files_hold(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]]
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    writers = [Writer(folder, "ab12cd34", worker, 0) for worker in range(3)]
    open_: list[list[int]] = [[], [], []]
    dead: set[int] = set()
    tail = Tail(folder)
    for number, (worker, step) in enumerate(steps):
        writer = writers[worker]
        if step == "look":
            seen = tail.rows()
            assert told(seen) == told(read(folder))
            assert len(seen) == sum(one.used for one in writers)
        elif worker in dead:
            continue
        elif step == "due":
            open_[worker].append(writer.due(number * 1000 + 9 - worker, 1))
        elif step == "done" and open_[worker]:
            row = open_[worker].pop()  # the last first, so that earlier ones stay under way
            endpoint = writer.number("endpoint", f"GET /{number % 7}")
            writer.done(row, row, 10, endpoint, 200, 0, OK, 3, 0)
        elif step == "die":
            dead.add(worker)
            abandon(folder, worker)
    assert told(tail.rows()) == told(read(folder))
    due = read(folder).array["intended_us"].tolist()
    assert due == sorted(due), "read once, it is exactly in order"


def test_a_look_takes_no_more_memory_the_longer_several_workers_have_written(tmp_path: Path) -> None:
    writers, tail = [Writer(tmp_path, "ab12cd34", worker, 0) for worker in range(2)], Tail(tmp_path, LIVE_BLOCK)
    peaks = []
    for second in range(120):
        for due_us in range(second * 1_000_000, (second + 1) * 1_000_000, 10_000):
            writer = writers[due_us // 10_000 % 2]
            row = writer.due(due_us, 1)
            writer.done(row, row, 10, writer.number("endpoint", "GET /"), 200, 0, OK, 3, 0)
        tracemalloc.start()
        rows = tail.rows()
        slices = rows.blocks((second - 9) * 1_000_000, (second + 1) * 1_000_000)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        due = np.concatenate([rows.array["intended_us"][where] for where in slices])
        assert np.count_nonzero(due >= (second - 9) * 1_000_000) == min(1000, 100 * (second + 1))
    later = sorted(peaks[20:])
    assert later[90] < 1.2 * later[0], "but for the few looks that make room"
