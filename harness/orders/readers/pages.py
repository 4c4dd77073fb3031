"""What a page of a list says of further ones, in the words that HTTP APIs use: so that a part is never taken for the whole. Pure.

Sources: RFC 8288 (Link); HAL; the pages of Django REST framework, Spring Data REST, Stripe and JSON:API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.orders.readers.rows import at

AROUND = ("meta", "_meta", "pagination", "paging", "page", "page_info", "pageInfo", "links", "_links")
"""Objects beside a list that tell of its pages."""
MORE = ("has_more", "hasMore", "has_next", "hasNext", "has_next_page", "hasNextPage")
TOTAL = (
    "total", "count", "total_count", "totalCount", "total_elements", "totalElements",
    "total_items", "totalItems", "total_results", "totalResults",
)  # fmt: skip
NEXT = (
    "next", "next_page", "nextPage", "next_url", "nextUrl", "next_cursor", "nextCursor",
    "next_page_token", "nextPageToken", "@odata.nextLink",
)  # fmt: skip
BARE = ("total", "count")
CURRENCY = ("currency", "currency_code", "currencyCode")
_AMOUNT = re.compile(r"total|count|amount|price|sum|cents|value|quantity|qty", re.IGNORECASE)
_LINKED = re.compile(r"<([^>]*)>\s*;[^,<]*\brel=\"?next\b")


def linked(headers: Mapping[str, str]) -> str:
    """The next page by the header Link (RFC 8288); '' on the last. Headers' names are in lower case."""
    found = _LINKED.search(headers.get("link", ""))
    return found.group(1) if found else ""


def unread(told: Any, headers: Mapping[str, str], each: str, rows: int) -> str:
    """In which words the last page that is known says that there are more rows than the `rows` that all gave; '' when it does not.

    told   the page, whose list stands at `each`
    """
    for object_, name, value in _beside(told, each):
        if (name in MORE and value is True) or (name in NEXT and value not in (None, False, "", [], {})):
            return f"{name} is {value!r}" if not isinstance(value, bool) else f"{name} is true"
        if name in TOTAL and isinstance(value, int) and not isinstance(value, bool) and value > rows:
            if name in BARE and _is_amount(value, object_, at(told, each)):
                continue
            return f"{name} is {value}"
    total = headers.get("x-total-count", "").strip()
    return f"X-Total-Count is {total}" if total.isdecimal() and int(total) > rows else ""


def _is_amount(value: int, object_: Mapping[str, Any], listed: Any) -> bool:
    """Whether a bare `total` is what the list comes to, not how long it is: a currency stands beside it, or it is the sum of an
    amount of the rows."""
    sums: dict[str, float] = {}
    for row in listed if isinstance(listed, list) else ():
        for name, one in row.items() if isinstance(row, Mapping) else ():
            if isinstance(one, int | float) and _AMOUNT.search(str(name)):
                sums[name] = sums.get(name, 0) + one
    return any(word in object_ for word in CURRENCY) or value in sums.values()


def _beside(told: Any, each: str) -> Iterator[tuple[Mapping[str, Any], str, Any]]:
    """Each object, with its names and values, on the way to the list, and in what stands there to tell of pages."""
    steps = each.split(".") if each not in ("", ".") else []
    for depth in range(len(steps)):
        object_ = at(told, ".".join(steps[:depth]))
        if isinstance(object_, Mapping):
            for one in (object_, *(object_[name] for name in AROUND if isinstance(object_.get(name), Mapping))):
                yield from ((one, name, value) for name, value in one.items())
