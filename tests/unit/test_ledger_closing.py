"""A worker's death takes nothing that it recorded, and blames no service for the answers that it did not live to hear."""

from __future__ import annotations

from pathlib import Path

from harness.ledger import ASIDE, LOST, read
from harness.ledger.closing import abandon
from harness.ledger.layout import OK
from harness.ledger.writing import Writer


def written(folder: Path, worker: int, begin_us: int) -> Writer:
    """Three arrivals: one answered, one sent, one just due."""
    writer = Writer(folder, "ab12cd34", worker, 0)
    endpoint = writer.number("endpoint", f"GET /{worker}")
    rows = [writer.due(begin_us + 100 * n, 1) for n in range(3)]
    for row in rows[:2]:
        writer.sent(row, 5, endpoint)
    writer.done(rows[0], rows[0], 10, endpoint, 200, 0, OK, 2, 0)
    return writer


def test_what_was_under_way_is_set_aside_and_the_rest_is_merged(tmp_path: Path) -> None:
    alive, _dead = written(tmp_path, 0, 50), written(tmp_path, 1, 0)
    assert abandon(tmp_path, 1) == 2
    alive.close()
    assert (tmp_path / "1.rows").stat().st_size == 3 * 40, "what was reserved and never used is gone"
    rows = read(tmp_path)
    assert rows.array["intended_us"].tolist() == [0, 50, 100, 150, 200, 250], "by intended time, whoever sent them"
    assert rows.worker.tolist() == [1, 0, 1, 0, 1, 0]
    assert rows.has(LOST).tolist() == [False, False, True, False, True, False]
    assert (rows.has(ASIDE) == rows.has(LOST)).all(), "they count in no claim"
    assert rows.endpoints[rows.array["endpoint"][0]] == "GET /1"


def test_one_that_died_before_its_first_row(tmp_path: Path) -> None:
    assert abandon(tmp_path, 3) == 0
    Writer(tmp_path, "ab12cd34", 3, 0)
    assert abandon(tmp_path, 3) == 0
    assert len(read(tmp_path)) == 0
