"""The keys of the order book: on disk before their requests are sent, whichever client sends them, and after a kill."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.facts import LoadEnded, LoadSampled
from harness.ledger import read, row_of_request_id
from harness.ledger.writing import LedgerBroken
from harness.load.asked import Asked, Operation
from harness.load.generator import Generator

PLACED = Operation("placed", "POST /orders", header="Idempotency-Key")
CHANGED = Operation("changed", "PUT /orders", json="order.key")


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "orders" / "asked-0.jsonl").read_text().splitlines()]


def run(generator: Generator, enough: Callable[[list[Any]], bool]) -> None:
    generator.start()
    generator.ready(30.0)
    generator.begin((time.monotonic_ns() - generator.config.opened_monotonic_ns) / 1e9)
    facts: list[Any] = []
    until = time.monotonic() + 20.0
    while not enough(facts):
        assert time.monotonic() < until, facts
        facts += generator.poll()
        time.sleep(0.02)


def due(count: int) -> Callable[[list[Any]], bool]:
    return lambda facts: sum(fact.due for fact in facts if isinstance(fact, LoadSampled)) > count


def check(server: Any, generator: Generator, folder: Path) -> list[dict[str, Any]]:
    """Everything that the server was sent stands in the book under its row, with its key and its operation's name."""
    book = {entry["row"]: entry for entry in lines(folder)}
    for method, path, request_id, _ in server.seen:
        found = row_of_request_id(request_id)
        assert found is not None
        if method == "GET":
            assert found[2] not in book
        else:
            entry = book[found[2]]
            assert entry == {"row": found[2], "op": {"POST": "placed", "PUT": "changed"}[method], "key": path[6:]}
    return list(book.values())


def test_every_request_s_key_stands_in_the_book_under_its_row(server: Any, load: Any, tmp_path: Path) -> None:
    generator = load("ordering", server.url, orders=(PLACED, CHANGED), rate=40.0)
    run(generator, due(60))
    generator.stop()
    book = check(server, generator, tmp_path / "run0")
    rows = read(generator.ledger)
    asked = {entry["row"] for entry in book}
    named = [rows.endpoints[endpoint] for endpoint in rows.array["endpoint"]]
    assert asked == {row for row, name in enumerate(named) if name.endswith("/orders")}
    assert len(asked) > 100


def test_what_a_killed_load_has_sent_stands_in_its_book(server: Any, load: Any, tmp_path: Path) -> None:
    generator = load("ordering", server.url, orders=(PLACED, CHANGED), rate=200.0)
    run(generator, due(100))
    assert generator.pid is not None
    os.kill(generator.pid, signal.SIGKILL)
    until = time.monotonic() + 20.0
    while not any(isinstance(fact, LoadEnded) for fact in generator.poll()):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert len(check(server, generator, tmp_path / "run0")) > 20


def test_a_load_without_orders_keeps_no_book(server: Any, load: Any, tmp_path: Path) -> None:
    generator = load("ordering", server.url)
    run(generator, due(3))
    generator.stop()
    assert not (tmp_path / "run0" / "orders").exists()


def keys(
    tmp_path: Path, operation: Operation, *, standing: Any = None, headers: Any = None, **kwargs: Any
) -> list[str]:
    asked = Asked(tmp_path / "orders", 0, (operation,))
    asked.keep(7, operation.request, headers or {}, standing or {}, kwargs)
    return [entry["key"] for entry in lines(tmp_path)]


@pytest.mark.parametrize(
    ("headers", "standing", "key"),
    [
        ({"Idempotency-Key": "a-1"}, {}, "a-1"),
        ({"IDEMPOTENCY-KEY": "a-1"}, {"Idempotency-Key": "old"}, "a-1"),
        ({}, {"idempotency-key": "of the client"}, "of the client"),
        ({"Idempotency-Key": b"bytes"}, {}, "bytes"),
        ({"Idempotency-Key": 17}, {}, "17"),
        ({"Idempotency-Key": 'ü "quoted"\n'}, {}, 'ü "quoted"\n'),
        ({"Idempotency-Key": None}, {}, ""),
        ({"Idempotency-Key": None}, {"Idempotency-Key": "of the client"}, ""),
        ({"X-Idempotency-Key": "another"}, {}, ""),
        ({}, {}, ""),
    ],
)
def test_a_key_in_a_header_is_found_as_servers_find_it(tmp_path: Path, headers: Any, standing: Any, key: str) -> None:
    assert keys(tmp_path, PLACED, headers=headers, standing=standing) == [key]


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        ("order.key", {"json": {"order": {"key": "a-1"}}}, "a-1"),
        ("order.key", {"data": '{"order": {"key": 12}}'}, "12"),
        ("order.key", {"data": b'{"order": {"key": "a-1"}}'}, "a-1"),
        ("key", {"data": {"key": "of a form"}}, "of a form"),
        ("orders.1.key", {"json": {"orders": [{"key": "a"}, {"key": "b"}]}}, "b"),
        ("orders.2.key", {"json": {"orders": [{"key": "a"}, {"key": "b"}]}}, ""),
        ("order.key", {"json": {"order": {"key": None}}}, ""),
        ("order", {"json": {"order": {"key": "a-1"}}}, ""),
        ("order.key", {"data": "order=1"}, ""),
        ("order.key", {}, ""),
    ],
)
def test_a_key_in_a_body_is_found_by_its_path(tmp_path: Path, path: str, body: Any, key: str) -> None:
    assert keys(tmp_path, Operation("placed", "POST /orders", json=path), **body) == [key]


def test_what_cannot_be_written_down_is_not_sent(tmp_path: Path, full_disk: Any) -> None:
    asked = Asked(tmp_path, 0, (PLACED,))
    full_disk(tmp_path / "asked-0.jsonl")
    with pytest.raises(LedgerBroken, match="the order book cannot be written"):
        asked.keep(0, "POST /orders", {"Idempotency-Key": "a-1"}, {}, {})
    asked.keep(0, "GET /orders", {}, {}, {})
