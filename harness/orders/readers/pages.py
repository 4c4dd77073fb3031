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
_LINKED = re.compile(r"<([^>]*)>\s*;[^,<]*\brel=\"?next\b")


def linked(headers: Mapping[str, str]) -> str:
    """The next page by the header Link (RFC 8288); '' on the last. Headers' names are in lower case."""
    found = _LINKED.search(headers.get("link", ""))
    return found.group(1) if found else ""


def unread(told: Any, headers: Mapping[str, str], each: str, rows: int) -> str:
    """In which words the last page that is known says that there are more rows than the `rows` that all gave; '' when it does not.

    told   the page, whose list stands at `each`
    """
    for name, value in _beside(told, each):
        if (name in MORE and value is True) or (name in NEXT and value not in (None, False, "", [], {})):
            return f"{name} is {value!r}" if not isinstance(value, bool) else f"{name} is true"
        if name in TOTAL and isinstance(value, int) and not isinstance(value, bool) and value > rows:
            return f"{name} is {value}"
    total = headers.get("x-total-count", "").strip()
    return f"X-Total-Count is {total}" if total.isdecimal() and int(total) > rows else ""


def _beside(told: Any, each: str) -> Iterator[tuple[str, Any]]:
    """Names and values in each object on the way to the list, and in what stands there to tell of pages."""
    steps = each.split(".") if each not in ("", ".") else []
    for depth in range(len(steps)):
        object_ = at(told, ".".join(steps[:depth]))
        if isinstance(object_, Mapping):
            yield from object_.items()
            for name in AROUND:
                if isinstance(object_.get(name), Mapping):
                    yield from object_[name].items()
