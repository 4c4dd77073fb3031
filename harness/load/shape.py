"""The shape of an answer: a short text that stays the same while the service answers in the same way, whatever the
content.

Real services fail behind a 200 page. Content type; where a redirect went, digits as '#'; of JSON the sorted key paths;
of HTML the title, digits as '#', and which tags it uses. Of a body only the first 16 KB are looked at. Pure.
"""

from __future__ import annotations

import json
import re
import zlib
from typing import Any
from urllib.parse import urlsplit

LOOKED_AT = 16384
_TAG = re.compile(rb"<([a-zA-Z][a-zA-Z0-9]*)")
_TITLE = re.compile(rb"<title[^>]*>(.{0,200}?)</title", re.IGNORECASE | re.DOTALL)
_DIGITS = re.compile(r"\d+")
_HEX = re.compile(r"(?=[0-9a-f-]*\d)[0-9a-f]{8,}(-[0-9a-f]{4,})*", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


def shape_of(content_type: str, body: bytes | None, redirect: str = "") -> str:
    """`application/json {id,items[].name}`, `text/html 'Welcome' tags:1f2e3d4c`, `text/plain`, `text/html ->
    /login`."""
    kind = content_type.partition(";")[0].strip().lower()
    parts = [kind or ("none" if not body else "untyped")]
    if redirect:
        parts.append("-> " + path_pattern(redirect))
    if body and "json" in kind:
        parts.append(_json_shape(body))
    elif body and "html" in kind:
        parts.append(_html_shape(body[:LOOKED_AT]))
    return " ".join(part for part in parts if part)


def path_pattern(location: str) -> str:
    """Where a redirect leads: without host, query and anything that looks like an id."""
    path = urlsplit(location).path or "/"
    return _DIGITS.sub("#", _HEX.sub("#", path))[:120]


def _json_shape(body: bytes) -> str:
    if len(body) > LOOKED_AT:
        return "{…}"  # cut JSON cannot be parsed, and the time for it is not ours to take
    try:
        paths: set[str] = set()
        _walk(json.loads(body), "", 0, paths)
    except (ValueError, RecursionError):
        return "not json"
    text = ",".join(sorted(paths))
    return text if len(text) <= 160 else f"{text[:120]}…{zlib.crc32(text.encode()):08x}"


def _walk(value: Any, path: str, depth: int, paths: set[str]) -> None:
    if isinstance(value, dict) and depth < 3 and len(paths) < 64:
        if not value:
            paths.add(path + "{}")
        for key, inner in list(value.items())[:64]:
            name = _DIGITS.sub("#", str(key)[:40])
            _walk(inner, f"{path}.{name}" if path else name, depth + 1, paths)
    elif isinstance(value, list):
        if value:
            _walk(value[0], path + "[]", depth, paths)
        else:
            paths.add(path + "[]")
    else:
        paths.add(path or type(value).__name__)


def _html_shape(body: bytes) -> str:
    tags = b",".join(sorted({tag.lower() for tag in _TAG.findall(body)}))
    found = _TITLE.search(body)
    title = found.group(1).decode("utf-8", "replace") if found else ""
    title = _SPACE.sub(" ", _DIGITS.sub("#", title)).strip()[:80]
    return f"{title!r} tags:{zlib.crc32(tags):08x}" if title else f"tags:{zlib.crc32(tags):08x}"
