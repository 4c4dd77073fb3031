"""Which lines of a log belong together: a padded level begins a record of its own, an indented text under another line does not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.logrecords import LONGEST_S, MOST_LINES, Record, cut_mark, left_out, may_continue


@pytest.mark.parametrize(
    "text",
    [
        " INFO api: ok",
        " WARN [main] c.s.Orders - slow",
        "    INFO shop.orders: padded by eight",
        " \x1b[32mINFO\x1b[0m api: ok",
        "  2026-11-28T20:00:00Z info api: ok",
        "  [ WARN] slow",
        "  [info] ok",
        " info api: ok",
        ' {"level":"info","msg":"ok"}',
    ],
)
def test_a_line_with_a_level_of_its_own_continues_none_whatever_blanks_it_begins_with(text: str) -> None:
    assert not may_continue(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\tat c.s.Orders.place(Orders.java:7)",
        '  File "orders.py", line 7, in place',
        "      Error processing order 7",
        "      Information about the order",
        "    0: error trying to connect",
        "  error: 'refused',",
        '  "level": "error",',
        "      postgres is in ERROR",
        "    raise Refused('ERROR')",
        "}",
        "KeyboardInterrupt",
    ],
)
def test_an_indented_text_goes_on_with_the_line_before_it(text: str) -> None:
    assert may_continue(text)


def records(*texts: str, apart_s: float = 0.0) -> list[Sequence[str]]:
    found: list[Record] = []
    for number, text in enumerate(texts):
        if not found or not found[-1].takes(text, number * apart_s):
            found.append(Record(number * apart_s, [text]))
    return [record.texts for record in found]


PYTHON = ["Traceback (most recent call last):", '  File "a.py", line 1', "KeyError: 7"]
JAVA = [
    "java.net.ConnectException: refused",
    "\tat c.s.Orders.place(Orders.java:7)",
    "Caused by: java.io.IOException: x",
]


@pytest.mark.parametrize("trace", [PYTHON, JAVA])
def test_a_trace_is_of_the_line_before_it_but_of_none_below_warning(trace: list[str]) -> None:
    assert records("ERROR refused", *trace, "INFO ok") == [["ERROR refused", *trace], ["INFO ok"]]
    assert records("order refused", *trace) == [["order refused", *trace]]
    assert records("INFO ok", *trace) == [["INFO ok"], trace]


def test_a_line_that_tells_what_was_raised_is_of_no_other_such_line() -> None:
    lone = ["AxiosError: refused, order 7", "AxiosError: refused, order 8"]
    assert records(*lone) == [[lone[0]], [lone[1]]]
    assert records("ERROR refused", *PYTHON, "ValueError: another's") == [
        ["ERROR refused", *PYTHON],
        ["ValueError: another's"],
    ]


def test_traces_that_are_chained_are_one_and_others_are_not() -> None:
    chained = [*PYTHON, "", "During handling of the above exception, another exception occurred:", "", *PYTHON]
    assert records(*chained) == [chained]
    assert records(*PYTHON, *PYTHON) == [PYTHON, PYTHON]


def test_a_record_ends_after_so_many_lines_and_so_much_time() -> None:
    assert [len(one) for one in records(*["  more"] * 250)] == [MOST_LINES + 1, MOST_LINES + 1, 48]
    assert [len(one) for one in records(*["  more"] * 6, apart_s=LONGEST_S / 2)] == [3, 3]


def test_how_much_of_a_line_was_not_kept_is_told() -> None:
    assert left_out("x" + cut_mark(2093)) == "2093 more bytes left out"
    assert left_out("[7 more bytes left out] and more") == ""
