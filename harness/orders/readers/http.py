"""Rows of a service's own list, asked for over HTTP page by page, as its other clients do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from harness.drill.readers import HttpReader
from harness.errors import NotApplied
from harness.orders.readers.rows import Row, at, row_of
from harness.world.handles import Page, Reach

MOST_PAGES = 100_000
SHOWN = 200
_NEXT = re.compile(r"<([^>]*)>\s*;[^,<]*\brel=\"?next\b")


def rows(reader: HttpReader, reach: Reach, most_rows: int, most_bytes: int) -> Iterator[Row]:
    """Raises NotApplied for any answer but 200, one that is no JSON, a list that is not where `each` says, and pages in a circle."""
    path, seen = reader.path, set[str]()
    while path:
        if path in seen or len(seen) == MOST_PAGES:
            raise NotApplied(f"the pages of {reader.service} come round to {path} again")
        seen.add(path)
        page = reach.get(reader.service, reader.port, path, reader.headers, reader.timeout_s, most_bytes)
        told = _json(reader, path, page)
        listed = at(told, reader.each)
        if not isinstance(listed, list):
            where = f"at {reader.each!r}" if reader.each else "as the answer; `each` says where one is"
            raise NotApplied(f"{reader.service} answered {path} without a list {where}")
        yield from (row_of(element, reader.fields) for element in listed)
        path = _after(path, at(told, reader.next) if reader.next else _linked(page.headers))


def _json(reader: HttpReader, path: str, page: Page) -> Any:
    if page.status != 200:
        shown = " ".join(page.body[:SHOWN].decode("utf-8", "replace").split())
        raise NotApplied(f"{reader.service} answered {path} with {page.status}: {shown}")
    try:
        return json.loads(page.body)
    except ValueError as error:
        raise NotApplied(f"{reader.service} answered {path} with what is no JSON: {error}") from error


def _linked(headers: Mapping[str, str]) -> str:
    """The next page by the header Link (RFC 8288); '' on the last."""
    found = _NEXT.search(headers.get("link", ""))
    return found.group(1) if found else ""


def _after(path: str, following: Any) -> str:
    """Path and query of the next page, which may be told as a URL, a path, or relative to this one; '' when there is none."""
    if not isinstance(following, str) or not following:
        return ""
    parts = urlsplit(urljoin(f"http://host{path}", following))
    return f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
