"""What a page of a list says of further ones, in the words that HTTP APIs use: so that a part is never taken for the whole. Pure.

Sources: RFC 8288 (Link); RFC 9110 (Content-Range); HAL; the pages of Django REST framework, Spring Data, Laravel, Stripe, GitLab and
JSON:API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from harness.orders.readers.rows import at

AROUND = (
    "meta",
    "_meta",
    "pagination",
    "paging",
    "page",
    "page_info",
    "pageInfo",
    "links",
    "_links",
    "cursor",
    "cursors",
)
"""Objects beside a list that tell of its pages."""
MORE = (
    "has_more",
    "hasMore",
    "has_next",
    "hasNext",
    "has_next_page",
    "hasNextPage",
    "truncated",
    "isTruncated",
    "is_truncated",
)
LAST = ("last", "isLast", "is_last", "isLastPage", "is_last_page", "lastPage", "last_page")
TOTAL = (
    "total", "count", "total_count", "totalCount", "total_elements", "totalElements", "total_items", "totalItems",
    "total_results", "totalResults", "total_docs", "totalDocs", "total_records", "totalRecords", "total_entries",
    "totalEntries", "numFound", "@odata.count",
)  # fmt: skip
PAGES = (
    "total_pages",
    "totalPages",
    "last_page",
    "lastPage",
    "page_count",
    "pageCount",
    "num_pages",
    "numPages",
    "pages",
)
PAGE = ("page", "current_page", "currentPage", "page_number", "pageNumber")
NEXT = (
    "next", "next_page", "nextPage", "next_url", "nextUrl", "next_page_url", "nextPageUrl", "next_link", "nextLink",
    "next_cursor", "nextCursor", "next_page_token", "nextPageToken", "next_token", "nextToken", "next_offset",
    "nextOffset", "@odata.nextLink",
)  # fmt: skip
BARE = ("total", "count")
CURRENCY = ("currency", "currency_code", "currencyCode")
ASKED = (
    "limit", "_limit", "per_page", "perPage", "page_size", "pageSize", "page[size]", "size", "first", "take", "top",
    "$top", "max_results", "maxResults", "count", "rows",
)  # fmt: skip
"""In a query, how many rows a page has at the most; `TOLD` in an answer, where `size` and `count` are how many it has."""
TOLD = (
    "limit",
    "per_page",
    "perPage",
    "page_size",
    "pageSize",
    "items_per_page",
    "itemsPerPage",
    "max_results",
    "maxResults",
)
_AMOUNT = re.compile(r"total|count|amount|price|sum|cents|value|quantity|qty", re.IGNORECASE)
_LINKED = re.compile(r"<([^>]*)>\s*;[^,<]*\brel=\"?next\b")
_RANGE = re.compile(r"\w+ \d+-\d+/(\d+)")


def linked(headers: Mapping[str, str]) -> str:
    """The next page by the header Link (RFC 8288); '' on the last. Headers' names are in lower case."""
    found = _LINKED.search(headers.get("link", ""))
    return found.group(1) if found else ""


@dataclass(frozen=True)
class Last:
    """The last page that is known: the path it was asked by, its answer, whose list stands at `each`, and how many rows and pages
    were read up to its end."""

    path: str
    told: Any
    headers: Mapping[str, str]
    each: str
    rows: int
    pages: int

    @property
    def listed(self) -> list[Any]:
        listed = at(self.told, self.each)
        return listed if isinstance(listed, list) else []


def unread(page: Last) -> str:
    """In which words it says that there are more rows than were read; '' when it does not."""
    return next((said for said, further in _words(page) if further), "")


def cut_at(page: Last) -> int:
    """How many rows a page has at the most, where this one has as many and nothing says that it is the last; 0 otherwise."""
    if not page.listed or "link" in page.headers or any(_words(page)):
        return 0
    asked = [value for name, value in parse_qsl(urlsplit(page.path).query) if name in ASKED]
    told = [f"{value}" for _, name, value in _beside(page) if name in TOLD]
    return len(page.listed) if f"{len(page.listed)}" in (*asked, *told) else 0


def _words(page: Last) -> Iterator[tuple[str, bool]]:
    """Each word on further pages, and whether it says that there are some."""
    for object_, name, value in _beside(page):
        if name in MORE and isinstance(value, bool):
            yield f"{name} is {f'{value}'.lower()}", value
        elif name in LAST and isinstance(value, bool):
            yield f"{name} is {f'{value}'.lower()}", not value
        elif name in NEXT:
            yield f"{name} is {'true' if value is True else repr(value)}", value not in (None, False, "", [], {})
        elif isinstance(value, int) and not isinstance(value, bool):
            yield from _numbers(page, object_, name, value)
    yield from _headers(page)


def _numbers(page: Last, object_: Mapping[str, Any], name: str, value: int) -> Iterator[tuple[str, bool]]:
    said = f"{name} is {value}"
    if name in TOTAL and not (name in BARE and _is_amount(value, object_, page.listed)):
        if value > page.rows or name != "count":  # a `count` may be how many this page has
            yield said, value > page.rows
    elif name in PAGES and (name != "pages" or any(one in object_ for one in PAGE)):
        yield said, value > page.pages


def _headers(page: Last) -> Iterator[tuple[str, bool]]:
    for name, read in (("X-Total-Count", page.rows), ("X-Total", page.rows), ("X-Total-Pages", page.pages)):
        total = page.headers.get(name.lower(), "").strip()
        if total.isdecimal():
            yield f"{name} is {total}", int(total) > read
    if (following := page.headers.get("x-next-page")) is not None:
        yield f"X-Next-Page is {following}", bool(following.strip())
    told = page.headers.get("content-range", "").strip()
    if found := _RANGE.fullmatch(told):
        yield f"Content-Range is {told}", int(found[1]) > page.rows


def _is_amount(value: int, object_: Mapping[str, Any], listed: Any) -> bool:
    """Whether a bare `total` is what the list comes to, not how long it is: a currency stands beside it, or it is the sum of an
    amount of the rows."""
    sums: dict[str, float] = {}
    for row in listed if isinstance(listed, list) else ():
        for name, one in row.items() if isinstance(row, Mapping) else ():
            if isinstance(one, int | float) and _AMOUNT.search(str(name)):
                sums[name] = sums.get(name, 0) + one
    return any(word in object_ for word in CURRENCY) or value in sums.values()


def _beside(page: Last) -> Iterator[tuple[Mapping[str, Any], str, Any]]:
    """Each object, with its names and values, on the way to the list, and in what stands there to tell of pages."""
    steps = page.each.split(".") if page.each not in ("", ".") else []
    for depth in range(len(steps)):
        object_ = at(page.told, ".".join(steps[:depth]))
        if isinstance(object_, Mapping):
            for one in (object_, *_around(object_)):
                yield from ((one, name, value) for name, value in one.items())


def _around(object_: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """meta, and meta.pagination."""
    for one in (object_[name] for name in AROUND if isinstance(object_.get(name), Mapping)):
        yield one
        yield from (one[name] for name in AROUND if isinstance(one.get(name), Mapping))
