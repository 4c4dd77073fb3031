"""The words of a text, and which of them may name somebody: never those of a URL's path, and not surely those that may be things of
the business (`could not store payments row`). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORD = re.compile(r"[^\W_][\w.-]*[^\W_]|[^\W_]")
METHOD = r"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)"
_URL = re.compile(r"([a-z][\w+.-]*://)(?:[^\s/@\"'<>]*@)?([^\s/?#\"'<>]*)[^\s\"'<>)\]},;]*")
_TARGET = re.compile(rf"\b({METHOD})(\s+)(?!\S*://)[\"']?[^\s\"']*/[^\s\"']*")
_PATH = re.compile(
    r"(?<![\w.:/])/[^\s\"'<>()\[\]{},;]*|(?<=:\d)/\S*|(?<=:\d\d)/\S*|(?<=:\d{3})/\S*|(?<=:\d{4})/\S*|(?<=:\d{5})/\S*"
)

# Before or after a name these say that it is somebody, who was called or did something. `added to cart`, `orders rejected` do not.
_CALLED = re.compile(
    r"(?:\b(?:(?:connect\w*|calls?|requests?|dial\w*|talk\w*|answer|response|reply|error|timeout|refused|reset|closed)\s+(?:to|from|by)"
    r"|calling|reaching|reach|contacting|dial tcp|host|server|upstream|peer|backend|dependency)\s*[=:]?\s*|//|@|->\s*)[\"'(\[`]*$",
    re.IGNORECASE,
)
_ACTS = re.compile(
    r"[\"')`]*(?::|\s*->|\s+(?:(?:is|was|has|does|did)\s+)?(?:not\s+)?(?:refus|unavail|unreach|down\b|gone\b|dead\b|time[ds]?[ -]?out"
    r"|answer|respon|connection|overload|slow\b|closed the))",
    re.IGNORECASE,
)
_ALONE = re.compile(r"\s*\)")
_THING = re.compile(
    r"\s+(?:rows?|tables?|records?|entr(?:y|ies)|items?|topics?|index|indices|list|pages?|columns?|schema|keys?)\b",
    re.IGNORECASE,
)


def words(text: str) -> Iterator[str]:
    """The words of a text in lower case; names such as `orders-db` and `pg.internal` are one word."""
    return (match.group().lower() for match in _WORD.finditer(text))


def without_paths(text: str) -> str:
    """A text without the paths of its URLs and requests, which name no host: `POST /payments` becomes `POST`, and of
    `http://payments:8080/x` the host stays."""
    if "/" not in text:
        return text
    return _PATH.sub(" ", _TARGET.sub(r"\1\2", _URL.sub(r"\1\2 ", text)))


def mentions(text: str) -> Iterator[re.Match[str]]:
    """The words of a text that may name somebody: all but those of paths."""
    return _WORD.finditer(without_paths(text))


def is_somebody(mention: re.Match[str]) -> bool:
    """Whether a word, if it is a part's name, surely means that part: by what stands around it."""
    text, start, end = mention.string, mention.start(), mention.end()
    before, after = text[max(0, start - 40) : start], text[end : end + 40]
    if after.startswith("://") or _THING.match(after) or (before.endswith("/") and not before.endswith("//")):
        return False
    alone = before.endswith("(") and _ALONE.match(after) is not None
    return alone or _ACTS.match(after) is not None or _CALLED.search(before) is not None
