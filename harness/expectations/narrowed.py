"""Series of a selector that a run did not ask for, taken from those of a wider one that it kept: only where both surely agree. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.expectations.metric_names import Matcher, matchers, parsed
from harness.series import Book, RawSeries

_SELECTOR = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(.*)\}\s*)?", re.DOTALL)
_ODD_TEXT = re.compile(r"(?<!\\)(?:\\\\)*\\[^\\\"n]")  # an escape of PromQL's that `parsed` does not know
_ODD_PATTERN = re.compile(r"\\[a-zA-Z0-9]|\(\?|\[\[|[*+?}][+*]|\n")  # what RE2 and Python may read differently


@dataclass(frozen=True)
class Narrowed(Mapping[str, tuple[RawSeries, ...]]):
    """What was kept, and by any selector that is not among it the series of a kept one that has some of its matchers alone."""

    kept: Book

    def __getitem__(self, selector: str) -> tuple[RawSeries, ...]:
        if selector in self.kept:
            return self.kept[selector]
        wider = next((one for one in self.kept if _holds(one, selector)), None)
        if wider is None:
            raise KeyError(selector)
        _, wanted = _read(selector)
        return tuple(one for one in self.kept[wider] if all(m.takes(one.labels.get(m.label, "")) for m in wanted))

    def __iter__(self) -> Iterator[str]:
        return iter(self.kept)

    def __len__(self) -> int:
        return len(self.kept)


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
