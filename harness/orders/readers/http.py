"""Rows of a service's own list, asked for over HTTP page by page, as its other clients do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

from harness.drill.readers import HttpReader
from harness.errors import NotApplied, NotThere
from harness.orders.readers.pages import Last, cut_at, linked, unread
from harness.orders.readers.rows import Row, at, row_of, whole
from harness.world.handles import Page, Reach

MOST_PAGES = 100_000
SHOWN = 200


class Getting(Protocol):
    """What is needed of handles.Reach."""

    def get(
        self, service: str, port: int, path: str, headers: Mapping[str, str], within_s: float, most_bytes: int
    ) -> Page: ...


def rows(reader: HttpReader, reach: Reach, most_rows: int, most_bytes: int, everything: bool) -> Iterator[Row]:
    """A row for each element, by its `fields`; see `elements`."""
    made = whole if everything else row_of
    for element in elements(reader, reach, most_bytes, alone=everything and not reader.each):
        yield made(element, reader.fields)


def elements(
    reader: HttpReader, reach: Getting, most_bytes: int, *, alone: bool = False, newest: bool = False
) -> Iterator[Any]:
    """What stands in the list, of all its pages.

    alone    an answer that is an object is the only element
    newest   a list that is as long as it may be is enough, though nothing says that it is the whole

    Raises NotApplied for any answer but 200, one that is no JSON, a list that is not where `each` says, pages in a circle, and
    a last page that says that there are more rows, or that is as long as it may be and does not say that it is the last. All pages together have the time of one reading."""
    path, seen, count = reader.path, set[str](), 0
    ends_s = time.monotonic() + reader.timeout_s
    while path:
        if path in seen or len(seen) == MOST_PAGES:
            raise NotApplied(f"the pages of {reader.service} come round to {path} again")
        seen.add(path)
        left_s = ends_s - time.monotonic()
        if left_s <= 0:
            raise NotApplied(f"the pages of {reader.service} were not read whole after {reader.timeout_s:g} s")
        page = reach.get(reader.service, reader.port, path, reader.headers, left_s, most_bytes)
        told = _json(reader, path, page)
        if alone and isinstance(told, dict):
            yield told
            return
        listed = at(told, reader.each)
        if not isinstance(listed, list):
            where = f"at {reader.each!r}" if reader.each else "as the answer; `each` says where one is"
            raise NotApplied(f"{reader.service} answered {path} without a list {where}")
        yield from listed
        count += len(listed)
        following = _following(reader, path, told) or linked(page.headers)
        if not following:
            _whole(
                reader,
                Last(path, told, page.headers, reader.each, count, len(seen)),
                newest=newest or bool(reader.next),
            )
        path = _after(path, following)


def _whole(reader: HttpReader, page: Last, *, newest: bool) -> None:
    """Raises NotApplied where the last page is not the end."""
    if more := unread(page):
        found = f"{page.rows} {'row was' if page.rows == 1 else 'rows were'} read"
        raise NotApplied(
            f"{reader.service} has more than its answer to {page.path}: {found}, {more}; `next` says where the next page is told"
        )
    if not newest and (most := cut_at(page)):
        raise NotApplied(
            f"the answer of {reader.service} to {page.path} may be cut at {most} rows: it has as many as it may, and does not say that"
            " there are no more; ask for more at once, or say in `next` where the next page is told"
        )


def _following(reader: HttpReader, path: str, told: Any) -> str:
    """What the answer tells at `next`; '' where it tells nothing. Raises NotApplied for what is there but is no text."""
    following = at(told, reader.next) if reader.next else None
    if isinstance(following, str):
        return following
    if following is None or following is False or following in ([], {}):
        return ""
    shown = json.dumps(following)[:SHOWN]
    raise NotApplied(f"{reader.service} answered {path} with a next page at {reader.next!r} that is no text: {shown}")


def _json(reader: HttpReader, path: str, page: Page) -> Any:
    if page.status != 200:
        shown = " ".join(page.body[:SHOWN].decode("utf-8", "replace").split())
        wrong = NotThere if page.status == 404 else NotApplied
        raise wrong(f"{reader.service} answered {path} with {page.status}: {shown}")
    try:
        return json.loads(page.body)
    except ValueError as error:
        raise NotApplied(f"{reader.service} answered {path} with what is no JSON: {error}") from error


def _after(path: str, following: str) -> str:
    """Path and query of the next page, which may be told as a URL, a path, or relative to this one; '' when there is none."""
    if not following:
        return ""
    parts = urlsplit(urljoin(f"http://host{path}", following))
    return f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
