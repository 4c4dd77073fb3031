"""Whom Alertmanager means an alert for, by its labels alone: the tree of routes of its configuration, walked. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.labelled import matches
from harness.quantities import go_duration_s

GROUP_WAIT_S = 30.0  # Alertmanager's own default
UNREAD = "matchers that cannot be read"
_MATCHER = re.compile(
    r"""\s*(?P<name>[^\s{}!=~,"'`\\]+|"(?:[^"\\]|\\.)*")\s*(?P<how>=~|!~|!=|=)\s*(?P<value>"(?:[^"\\]|\\.)*"|[^",{}]*?)\s*(?:,|$)"""
)


def routed(
    route: Mapping[str, Any], labels: Mapping[str, str], receiver: str = "", wait_s: float = GROUP_WAIT_S
) -> Iterator[tuple[str, float]]:
    """The receivers that a route (its scalars as text) leads an alert to, each with the group_wait on the way. A child that matches
    ends the search unless it says `continue`; where none does, the route's own receiver is meant. Raises ValueError for a
    matcher that cannot be read."""
    receiver = str(route.get("receiver") or receiver)
    wait_s = go_duration_s(route["group_wait"]) if route.get("group_wait") else wait_s
    deeper = False
    for child in (one or {} for one in route.get("routes") or ()):
        if _matches(child, labels):
            deeper = True
            yield from routed(child, labels, receiver, wait_s)
            if str(child.get("continue")).lower() != "true":
                break
    if not deeper:
        yield receiver, wait_s


def asked(route: Mapping[str, Any]) -> tuple[str, ...]:
    """What a route asks of an alert's labels, as 'severity=page'; UNREAD where that cannot be read."""
    try:
        return tuple(f"{name}{how}{value}" for name, how, value in _matchers(route))
    except ValueError:
        return (UNREAD,)


def _matches(route: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    return matches(labels, _matchers(route))


def _matchers(route: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    return matchers_of(route, "match", "match_re", "matchers")


def matchers_of(node: Mapping[str, Any], equal: str, like: str, either: str) -> Iterator[tuple[str, str, str]]:
    """Those under these keys, the older two and the one that is written as text. Raises ValueError for one that cannot be read."""
    for key, how in ((equal, "="), (like, "=~")):
        for name, value in (node.get(key) or {}).items():
            yield str(name), how, str(value or "")
    for text in node.get(either) or ():
        inner = str(text).strip().removeprefix("{").removesuffix("}").strip()
        while inner:
            found = _MATCHER.match(inner)
            if found is None:
                raise ValueError(f"the matcher {text!r} cannot be read")
            yield _plain(found["name"]), found["how"], _plain(found["value"])
            inner = inner[found.end() :]


def _plain(text: str) -> str:
    """Without its quotes. What is escaped needlessly keeps its backslash: "api\\d+" is an expression as it stands."""
    if not text.startswith('"'):
        return text
    return re.sub(r'\\(["\\n])', lambda found: "\n" if found[1] == "n" else found[1], text[1:-1])
