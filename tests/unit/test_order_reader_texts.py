"""What a source holds as text becomes the row that was meant: plain ids, numbers as text, a list on one line, bytes of any kind."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from order_reach import FakeReach, counted, paged, printed, rabbitmq, redis, rows

from harness.drill.readers import CommandReader
from harness.orders.readers import read
from harness.world.handles import Said

PLAIN = ["12e45678", "48213e07", "1e5", "2026.10", "Infinity", "NaN", "00123", "4.0", "17", "3f9a0b12"]


@pytest.mark.parametrize("kind", ["list", "set"])
def test_a_plain_id_that_looks_like_a_number_stays_as_it_is_written(kind: str) -> None:
    told = rows(redis(**{kind: "paid"}), paged((kind, "", PLAIN)))
    assert told == [{"id": text} for text in PLAIN]


def test_so_does_one_in_the_body_of_a_message_and_one_on_a_line() -> None:
    reach = FakeReach(counted(2, 0), messages=[b"12e45678", b'"2026.10"'])
    assert rows(rabbitmq(), reach) == [{"id": "12e45678"}, {"id": "2026.10"}]
    assert rows(command(), FakeReach(lambda *_: printed("48213e07\n17\n"))) == [{"id": "48213e07"}, {"id": "17"}]


def command(**more: Any) -> CommandReader:
    return CommandReader.model_validate({"run": ["orders"], "service": "db", **more})


def test_a_list_on_one_line_is_a_row_for_each_of_its_elements() -> None:
    listed = [{"key": "a", "amount": 3}, {"key": "b"}]
    reach = FakeReach(lambda *_: printed(f"{json.dumps(listed)}\n[]\n"))
    assert rows(command(), reach) == listed
    reach = FakeReach(lambda *_: printed(json.dumps([{"order": "a"}, {"order": "b"}])))
    assert rows(command(fields={"id": "order"}), reach) == [{"id": "a"}, {"id": "b"}]
    assert rows(command(), FakeReach(lambda *_: printed('["a", "b"]'))) == [{"id": "a"}, {"id": "b"}]


def test_a_list_whose_places_are_named_is_one_row() -> None:
    reach = FakeReach(lambda *_: printed('["a", 10]\n["b", 20]\n'))
    told = rows(command(fields={"key": "0", "amount": "1"}), reach)
    assert told == [{"key": "a", "amount": 10}, {"key": "b", "amount": 20}]


def test_where_any_difference_counts_plain_values_of_a_list_stay_together() -> None:
    def whole(text: str) -> list[dict[str, Any]]:
        return [dict(row) for row in read(command(), FakeReach(lambda *_: printed(text)), everything=True)]

    assert whole('["peg", true]\n["new", false]\n') != whole('["peg", false]\n["new", true]\n')
    assert whole('[{"flag": "peg"}, {"flag": "new"}]') == [{"flag": "peg"}, {"flag": "new"}]


def test_a_row_of_a_hash_is_called_by_its_field_whatever_the_value_says() -> None:
    held = ("hash", "", ["o-1", '{"id": "ch_1", "cents": 5}'])
    assert rows(redis(hash="h"), paged(held)) == [{"id": "o-1", "cents": 5}]
    assert rows(redis(hash="h", fields={"id": "id"}), paged(held)) == [{"id": "ch_1"}]


def test_a_number_that_is_written_as_text_is_taken_and_other_text_is_not() -> None:
    entry = ["key", "k1", "id", "007", "amount", "12.50", "name", "Ada", "card", "4111111111111111", "zip", "01069"]
    told = rows(redis(stream="s"), paged(("stream", "", [["1-0", entry]])))
    assert told == [{"key": "k1", "id": "007", "amount": 12.5}]


def test_members_that_are_no_utf_8_stay_apart() -> None:
    reach = FakeReach(lambda *_: Said(0, io.BytesIO(b'["set","",["id-\xff","id-\xfe","{\\"id\\":\\"\xe9\\"}"]]')))
    assert rows(redis(set="s"), reach) == [{"id": "id-\\xff"}, {"id": "id-\\xfe"}, {"id": "\\xe9"}]
    reach = FakeReach(counted(2, 0), messages=[b"\xff", b"\xfe"])
    assert rows(rabbitmq(), reach) == [{"id": "\\xff"}, {"id": "\\xfe"}]
