"""Series of a selector that a run did not ask for, taken from those of a wider one that it kept: only where both surely agree. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.expectations.metric_names import Matcher, matchers, parsed
from harness.series import Book

_SELECTOR = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(.*)\}\s*)?", re.DOTALL)
_ODD_TEXT = re.compile(r"(?<!\\)(?:\\\\)*\\[^\\\"n]")  # an escape of PromQL's that `parsed` does not know
_ODD_PATTERN = re.compile(r"\\[a-zA-Z0-9]|\(\?|\[\[|[*+?}][+*]|\n")  # what RE2 and Python may read differently


def narrowed(book: Book, selectors: Iterable[str]) -> Book:
    """The book, and those of the selectors that it lacks where a kept one has the same name and some of the same matchers alone."""
    found = {
        selector: tuple(one for one in book[wider] if all(m.takes(one.labels.get(m.label, "")) for m in wanted))
        for selector in selectors
        if selector not in book
        and (wanted := _read(selector)[1])
        and (wider := next((kept for kept in book if _holds(kept, selector)), None)) is not None
    }
    return {**book, **found} if found else book


def _holds(kept: str, selector: str) -> bool:
    """Whether every series of the selector is one of the kept one's."""
    (name, few), (its_name, more) = _read(kept), _read(selector)
    return bool(name) and name == its_name and set(few) <= set(more)


def _read(selector: str) -> tuple[str, tuple[Matcher, ...]]:
    """Its name and matchers; ('', ()) for what is no plain selector, or has a matcher that may be read in two ways."""
    found = _SELECTOR.fullmatch(selector)
    inner = (found[2] or "") if found else ""
    try:
        every = parsed(matchers(inner)) if found and not _ODD_TEXT.search(inner) else None
    except ValueError:
        every = None
    if found is None or every is None or any(map(_odd, every)):
        return "", ()
    return found[1], every


def _odd(matcher: Matcher) -> bool:
    if matcher.operator in ("=", "!="):
        return False
    try:
        re.compile(matcher.value)
    except re.error:
        return True
    return _ODD_PATTERN.search(matcher.value) is not None
