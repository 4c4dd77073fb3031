"""The order book on disk: several workers, lines torn by a kill, files that are not as they were written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.facts import SourceRead
from harness.orders.book import Unreadable
from harness.orders.declared import STORE, Declared
from harness.orders.disk import FolderBook
from harness.orders.laws import law
from harness.orders.tables import digest

DECLARED = Declared("POST /checkout", {"orders": STORE}, (law("orders.amount = 0"),))


def book(folder: Path) -> FolderBook:
    (folder / "orders").mkdir(exist_ok=True)
    return FolderBook(folder, "checkout", DECLARED)


def asked(folder: Path, worker: int, *lines: Any) -> None:
    (folder / "orders").mkdir(exist_ok=True)
    text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    (folder / "orders" / f"asked-{worker}.jsonl").write_text(text, encoding="utf-8")


def reading(folder: Path, held: Iterable[Mapping[str, Any]], **changed: Any) -> SourceRead:
    listed = list(held)
    raw = "".join(json.dumps(row) + "\n" for row in listed).encode()
    (folder / "orders").mkdir(exist_ok=True)
    (folder / "orders" / "checkout.orders.second.jsonl").write_bytes(raw)
    told = {
        "op": "checkout", "source": "orders", "role": STORE, "reading": "second", "rows": len(listed),
        "file": "orders/checkout.orders.second.jsonl", "sha256": hashlib.sha256(raw).hexdigest(),
    }  # fmt: skip
    return SourceRead(**{**told, **changed})


def test_attempts_of_all_workers_in_order(tmp_path: Path) -> None:
    asked(tmp_path, 1, {"row": 0, "op": "checkout", "key": "ü"}, {"row": 3, "op": "refund", "key": "no"})
    asked(tmp_path, 0, {"row": 5, "op": "checkout", "key": 12}, {"row": 6, "op": "checkout", "key": None})
    found = book(tmp_path).asked
    assert found.worker.tolist() == [0, 0, 1]
    assert found.row.tolist() == [5, 6, 0]
    assert found.key.tolist() == [digest("12"), 0, digest("ü")]
    assert found.texts([2, 0]) == ["ü", "12"]


def test_keys_of_other_operations_are_known_whichever_book_is_asked(tmp_path: Path) -> None:
    asked(tmp_path, 0, {"row": 0, "op": "checkout", "key": "a"}, {"row": 1, "op": "gift", "key": "g"})
    asked(tmp_path, 1, {"row": 0, "op": "gift", "key": None}, {"row": 1, "op": "gift", "key": "g"})
    assert book(tmp_path).asked.others.tolist() == [digest("g")]


def test_a_line_torn_by_a_kill_was_never_sent(tmp_path: Path) -> None:
    asked(tmp_path, 0, {"row": 0, "op": "checkout", "key": "a"}, '{"row": 1, "op": "che')
    assert len(book(tmp_path).asked) == 1


def test_without_a_file_there_are_no_attempts(tmp_path: Path) -> None:
    assert len(book(tmp_path).asked) == 0


def test_rows_with_what_laws_sum(tmp_path: Path) -> None:
    rows = [{"key": "a", "id": 1, "amount": 10}, {"id": "1", "amount": "2.5"}, {"key": "b", "amount": None}]
    table = book(tmp_path).table(reading(tmp_path, rows))
    assert table.key.tolist() == [digest("a"), 0, digest("b")]
    assert table.id[0] == table.id[1] == digest("1")
    assert table.numbers["amount"].missing.tolist() == [False, False, True]
    assert table.numbers["amount"].values[:2].tolist() == [10.0, 2.5]
    assert table.row(1) == rows[1]


def test_whole_numbers_stay_whole(tmp_path: Path) -> None:
    table = book(tmp_path).table(reading(tmp_path, [{"key": "a", "amount": 2**62}, {"key": "b", "amount": "7"}]))
    assert table.numbers["amount"].values.dtype == np.int64
    assert table.numbers["amount"].values.tolist() == [2**62, 7]


@pytest.mark.parametrize("changed", [{"rows": 3}, {"sha256": "0" * 64}, {"file": "orders/gone.jsonl"}], ids=str)
def test_a_reading_that_is_not_as_it_was_written_is_unreadable(tmp_path: Path, changed: dict[str, Any]) -> None:
    fact = reading(tmp_path, [{"key": "a"}, {"key": "b"}], **changed)
    with pytest.raises(Unreadable):
        book(tmp_path).table(fact)


@pytest.mark.parametrize("line", [b"nonsense\n", b"[1]\n", b"\xff\n", b'{"key": "a"'])
def test_a_line_that_is_no_row_makes_it_unreadable(tmp_path: Path, line: bytes) -> None:
    fact = reading(tmp_path, [{"key": "a"}], rows=2, sha256="")
    path = tmp_path / fact.file
    path.write_bytes(path.read_bytes() + line)
    with pytest.raises(Unreadable):
        book(tmp_path).table(fact)


def test_two_readings_agree_whatever_the_order_of_their_rows(tmp_path: Path) -> None:
    one = book(tmp_path).table(reading(tmp_path, [{"key": "a", "amount": 1}, {"key": "b", "amount": 2, "tries": 1}]))
    two = book(tmp_path).table(reading(tmp_path, [{"key": "b", "amount": 2, "tries": 9}, {"key": "a", "amount": 1}]))
    assert one.agrees(two), "a column that no law sums may change, such as a count of tries"
    three = book(tmp_path).table(reading(tmp_path, [{"key": "b", "amount": 1}, {"key": "a", "amount": 2}]))
    assert not one.agrees(three)
