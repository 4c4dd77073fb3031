"""A part of a list is never taken for the whole: what a last page says of further ones, and where it has all that it may have."""

from __future__ import annotations

from typing import Any

import pytest
from order_reach import FakeReach, http, page, rows

from harness.errors import NotApplied

LISTED = [{"id": i} for i in range(15)]


def read(around: dict[str, Any] | None, path: str = "/charges", **headers: str) -> int:
    """How many rows of a list of 15 are read; `around` stands beside it, None for a bare list."""
    told = LISTED if around is None else {"it": LISTED, **around}
    each = {} if around is None else {"each": "it"}
    return len(rows(http(path=path, **each), FakeReach(pages={path: page(told, **headers)})))


@pytest.mark.parametrize(
    ("more", "whole", "said"),
    [
        (
            {"next_page_url": "http://x/charges?page=2", "per_page": 15},
            {"next_page_url": None, "per_page": 15},
            "next_page_url",
        ),
        ({"last": False, "number": 0, "size": 15}, {"last": True, "number": 0, "size": 15}, "last is false"),
        ({"isLastPage": False, "limit": 15}, {"isLastPage": True, "limit": 15}, "isLastPage is false"),
        ({"page": 1, "pages": 5}, {"page": 1, "pages": 1}, "pages is 5"),
        ({"total_pages": 5}, {"total_pages": 1, "per_page": 15}, "total_pages is 5"),
        (
            {"meta": {"currentPage": 1, "totalPages": 5}},
            {"meta": {"totalPages": 1, "itemsPerPage": 15}},
            "totalPages is 5",
        ),
        ({"meta": {"pagination": {"pageCount": 2}}}, {"meta": {"pagination": {"pageCount": 1}}}, "pageCount is 2"),
        ({"current_page": 1, "last_page": 5}, {"current_page": 1, "last_page": 1, "per_page": 15}, "last_page is 5"),
        ({"totalDocs": 99, "limit": 15}, {"totalDocs": 15, "limit": 15}, "totalDocs is 99"),
        ({"cursor": {"next": "abc"}}, {"cursor": {"next": None}}, "next is 'abc'"),
        ({}, {"pages": 300}, ""),
        ({}, {"last": "/charges?page=1", "size": 15, "count": 15}, ""),
    ],
)
def test_a_page_s_word_for_more_is_heard_and_so_is_the_word_for_the_end(
    more: dict[str, Any], whole: dict[str, Any], said: str
) -> None:
    assert read(whole) == 15
    if said:
        with pytest.raises(NotApplied, match=f"15 rows were read, {said}"):
            read(more)


@pytest.mark.parametrize(
    ("name", "more", "whole"),
    [
        ("content-range", "items 0-14/250", "items 0-14/15"),
        ("x-total", "16", "15"),
        ("x-total-pages", "2", "1"),
        ("x-next-page", "2", ""),
    ],
)
def test_a_bare_list_s_headers_are_heard(name: str, more: str, whole: str) -> None:
    assert read(None, "/charges?limit=15", **{name: whole}) == 15
    with pytest.raises(NotApplied, match="15 rows were read"):
        read(None, "/charges", **{name: more})


@pytest.mark.parametrize(
    ("around", "path"),
    [
        (None, "/charges?limit=15"),
        ({}, "/charges?sort=id&per_page=15"),
        ({"limit": 15, "offset": 0}, "/charges"),
        ({"count": 15, "page_size": 15}, "/charges"),
    ],
)
def test_a_list_with_as_many_rows_as_it_may_have_may_be_cut(around: dict[str, Any] | None, path: str) -> None:
    with pytest.raises(NotApplied, match=r"may be cut at 15 rows"):
        read(around, path)


def test_a_list_with_fewer_rows_than_it_may_have_is_whole() -> None:
    assert read(None, "/charges?limit=16") == read({"limit": 100, "offset": 0}) == read({"size": 15}) == 15


@pytest.mark.parametrize(
    "word", [{"has_more": False}, {"next": None}, {"total": 15}, {"last": True}, {"total_pages": 1}]
)
def test_a_word_for_the_end_is_enough(word: dict[str, Any]) -> None:
    assert read(word, "/charges?limit=15") == 15


def test_a_header_that_links_pages_and_no_next_one_is_a_word_for_the_end() -> None:
    assert read(None, "/charges?per_page=15", link='</charges>; rel="first"') == 15


def test_where_the_drill_says_where_a_next_page_is_told_none_is_the_end() -> None:
    path = "/charges?limit=15"
    reach = FakeReach(pages={path: page({"it": LISTED, "next": "?p=2"}), "/charges?p=2": page({"it": LISTED})})
    assert len(rows(http(path=path, each="it", next="next"), reach)) == 30
