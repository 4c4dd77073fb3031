"""Rows that are kept to be compared: no two that differ look alike, and no secret stands in them."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.drill.readers import CommandReader, HttpReader, RedisReader
from harness.orders.readers import read
from harness.orders.readers.rows import whole
from harness.world.handles import Page, Said

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.text(max_size=8), VALUES, max_size=4), st.dictionaries(st.text(max_size=8), VALUES, max_size=4)
)
def test_two_elements_look_alike_only_where_their_json_or_its_text_is_the_same(one: Any, two: Any) -> None:
    def as_text(value: Any) -> Any:
        plain = isinstance(value, (str, int)) and not isinstance(value, bool)
        return value if plain else json.dumps(value, sort_keys=True, separators=(",", ":"))

    texts = [{name: as_text(value) for name, value in element.items()} for element in (one, two)]
    assert (whole(one, {}) == whole(two, {})) == (texts[0] == texts[1])


def test_a_long_text_that_differs_at_its_end_differs() -> None:
    assert whole({"sql": "x" * 300 + "a"}, {}) != whole({"sql": "x" * 300 + "b"}, {})
    assert len(str(whole({"sql": "x" * 3000}, {})["sql"])) < 300


def test_a_secret_is_masked_and_still_told_apart() -> None:
    one, two = (whole({"url": f"postgres://u:{password}@db/x"}, {}) for password in ("hunter22", "hunter23"))
    assert one != two
    assert "hunter" not in f"{one}{two}"


class Answers:
    """A stack whose every way gives one answer."""

    def __init__(self, answer: Any) -> None:
        self.services: dict[str, Any] = {"api": {}, "redis": {}}
        self.answer = answer

    def inside(self, *_: Any) -> Said:
        return Said(0, BytesIO(json.dumps(self.answer).encode()))

    def get(self, *_: Any) -> Page:
        return Page(200, {"content-type": "application/json"}, json.dumps(self.answer).encode())


@pytest.mark.parametrize(
    ("reader", "answer", "rows"),
    [
        (HttpReader(service="api", port=80, path="/config"), {"new": True}, [{"new": "true"}]),
        (HttpReader(service="api", port=80, path="/flags"), [{"a": False}], [{"a": "false"}]),
        (CommandReader(service="api", run=("flags",)), {"peg": None, "list": [1]}, [{"peg": "null", "list": "[1]"}]),
        (RedisReader(service="redis", hash="flags"), ["hash", "", ["peg", "on"]], [{"id": "peg", "value": "on"}]),
        (RedisReader(service="redis", list="queue"), ["list", "", ['{"kind":"new"}']], [{"kind": "new"}]),
    ],
)
def test_every_way_keeps_all_that_an_element_holds(reader: Any, answer: Any, rows: list[Any]) -> None:
    assert list(read(reader, Answers(answer), everything=True)) == rows  # type: ignore[arg-type]
