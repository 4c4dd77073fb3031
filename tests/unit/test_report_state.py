"""The end state in the reports: a table of what differs, before and after, in text, Markdown and HTML."""

from __future__ import annotations

from typing import Any

import pytest

from harness.report.state_table import state_table, table_lines

DIFFERENCE: dict[str, Any] = {
    "name": "api.image",
    "reason": "image_differs",
    "before": "api:1 (sha256:aa)",
    "after": "api:2 (sha256:bb)",
    "where": "api-2",
    "left_by": "",
    "cites": ["harness:1", "harness:9"],
}


def state(*found: dict[str, Any], **other: Any) -> dict[str, Any]:
    told = {"differences": list(found), "open": [], "compared": {"containers": "4 containers"}, "listed": {}, **other}
    return {"state": told}


def test_what_differs_stands_in_columns() -> None:
    put_back = {**DIFFERENCE, "name": "db.command", "where": "", "left_by": "release"}
    head, first, second = table_lines(state(DIFFERENCE, put_back))
    assert head.split("  ")[0] == "state"
    assert first == "api.image   api:1 (sha256:aa)  api:2 (sha256:bb)  (api-2)"
    assert second.endswith("(when release was over; we have put it back since)")


def test_more_than_are_shown_are_counted() -> None:
    *_, last = table_lines(state(*[{**DIFFERENCE, "name": f"s{n}.image"} for n in range(23)]))
    assert last == "and 3 more, in verdict.json"


@pytest.mark.parametrize("document", [{"state": None}, {}, state()])
def test_without_a_difference_there_is_no_table(document: dict[str, Any]) -> None:
    assert not list(table_lines(document))


def test_the_summary_says_what_was_compared_listed_and_not_read() -> None:
    view = state_table(
        state(listed={"orders": "1 row, then 2"}, open=[{"part": "x", "reason": "not_read", "why": "x was not read"}])
    )
    assert view is not None
    assert view.summary == "compared: containers (4 containers); only listed: orders (1 row, then 2); x was not read"
