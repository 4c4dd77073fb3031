"""An access log as routes: what users really asked for, and how often. Common and combined format, and JSON lines. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from harness.errors import UsageError
from harness.init.routes import MOST_VALUES, SAFE, Route, kind_of, scaled, template

MOST_ROUTES = 40
MANY = 20
"""So many different words at one place of otherwise like paths are names of things, not of routes."""
MOST_LINES = 2_000_000
MOST_PATHS = 200_000
_COMMON = re.compile(r'"(?P<method>[A-Z]{3,10}) (?P<uri>\S+)(?: HTTP/[\d.]+)?" (?P<status>\d{3})\b')
_METHOD = re.compile(r"[A-Z]{3,10}")
_PARAMETER = re.compile(r"(?P<name>[A-Za-z]\w{0,30})=\d{1,9}", re.ASCII)
"""Of a query only numbers are kept, as of a path; longer ones are times, telephones and cards."""
_PRIVATE = re.compile(
    r"token|secret|pass|key|auth|otp|code|phone|mobile|card|cvv|cvc|ssn|birth|iban|session|(?<![a-z])(?:pin|tel|sig|sid|dob)(?![a-z])",
    re.IGNORECASE,
)
_URI = ("request_uri", "uri", "path", "url", "requesturi", "requestpath")
_METHODS = ("request_method", "method", "requestmethod", "verb")
_STATUS = ("status", "response_status", "downstreamstatus", "status_code", "response_code")


@dataclass(frozen=True)
class Logged:
    """The routes of a log, the commonest first; `notes` say what was left out and why."""

    routes: tuple[Route, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Request:
    """`path` with what is kept of its query; `cut` where something of that was left out."""

    method: str
    path: str
    status: int
    cut: bool


def routes_of(lines: Iterable[str], name: str) -> Logged:
    """Read a log; `name` is what messages call it. Of queries only numbers are kept: words may be private.

    Raises UsageError when no line of it can be read as a request.
    """
    counts: Counter[tuple[str, str]] = Counter()
    bad: Counter[tuple[str, str]] = Counter()
    read = unread = cut = 0
    notes = []
    for number, line in enumerate(lines):
        if number >= MOST_LINES:
            notes.append(f"only its first {MOST_LINES:,} lines were read")
            break
        request = _request(line) if line.strip() else None
        if request is None:
            unread += bool(line.strip())
            continue
        read += 1
        cut += request.cut
        key = (request.method, request.path)
        if key in counts or key in bad or len(counts) + len(bad) < MOST_PATHS:
            (counts if request.status < 400 else bad)[key] += 1
    if not read:
        raise UsageError(
            f"{name}: no line of it is a request in the common or combined log format, or in JSON with its method, path and status"
        )
    if unread:
        notes.append(f"{unread} of its lines could not be read as a request")
    if cut:
        notes.append(
            f"of the queries of {cut} of {read} requests only numbers were kept, for words may be private: put in what your users send"
        )
    routes = _routes(counts)
    if not any(not route.off for route in routes):
        raise UsageError(
            f"{name}: no GET or HEAD in it was answered with a status below 400, so there is nothing safe to ask for"
        )
    lost = sum(bad.values())
    if lost:
        notes.append(f"{lost} of {read} requests were answered with 400 or above, and make no task")
    if len(routes) > MOST_ROUTES:
        notes.append(f"the {MOST_ROUTES} commonest of {len(routes)} routes are kept")
        routes = (
            routes[:MOST_ROUTES]
            if any(not r.off for r in routes[:MOST_ROUTES])
            else [*routes[: MOST_ROUTES - 1], next(r for r in routes if not r.off)]
        )
    return Logged(tuple(routes), tuple(notes))


def _routes(counts: Mapping[tuple[str, str], int]) -> list[Route]:
    """Paths joined to templates, the commonest first."""
    split = {path: _segments(path.partition("?")[0]) for _, path in counts}
    many = _many(split.values())
    joined: dict[tuple[str, str], int] = {}
    values: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
    secret: set[tuple[str, str]] = set()
    for (method, path), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        segments = split[path]
        shape = _shape(segments)
        text, named = template(segments, many.get(shape, ()))
        own, _, query = path.partition("?")
        if own.endswith("/") and segments:
            text += "/"
        text += _asked(query, named)
        key = (method, text)
        joined[key] = joined.get(key, 0) + count
        if any(kind_of(value) == "token" for value in named.values()):
            secret.add(key)
        kept = values.setdefault(key, {})
        for name, value in named.items():
            if len(kept.setdefault(name, {})) < MOST_VALUES and kind_of(value) != "token":
                kept[name].setdefault(value)
    order = sorted(joined, key=lambda key: (-joined[key], key))
    weights = scaled([joined[key] for key in order])
    found = []
    for key, weight in zip(order, weights, strict=True):
        method, path = key
        named_values = {name: tuple(given) or ("REPLACE-ME",) for name, given in values[key].items()}
        off = ""
        if method not in SAFE:
            off = f"{method} may change something: take the comment away once its body is what your users send."
        elif key in secret and any(given == ("REPLACE-ME",) for given in named_values.values()):
            off = "A part of its path looks like a secret, so none was copied from the log: put a harmless one in."
        found.append(Route(method, path, named_values, weight, off=off))
    return found


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/") if path.strip("/") else []


def _asked(query: str, named: dict[str, str]) -> str:
    """A query as the end of a template; the values of its parameters join those of the path."""
    parts = []
    for name, _, value in (pair.partition("=") for pair in query.split("&") if pair):
        own = name if name not in named else f"{name}_asked"
        named[own] = value
        parts.append(f"{name}={{{own}}}")
    return f"?{'&'.join(parts)}" if parts else ""


def _shape(segments: list[str]) -> tuple[str, ...]:
    """A path's length and the kinds of its segments, the first one as it is: paths that could be one route."""
    return tuple(kind_of(one) or (one if place == 0 else "") for place, one in enumerate(segments))


def _many(paths: Iterable[list[str]]) -> dict[tuple[str, ...], set[int]]:
    """By shape, the places at which more words stand than an application has routes."""
    seen: dict[tuple[str, ...], list[set[str]]] = {}
    for segments in paths:
        sets = seen.setdefault(_shape(segments), [set() for _ in segments])
        for place, one in enumerate(segments):
            if len(sets[place]) <= MANY:
                sets[place].add(one)
    return {
        shape: {place for place, words in enumerate(sets) if place > 0 and len(words) > MANY}
        for shape, sets in seen.items()
    }


def _request(line: str) -> _Request | None:
    text = line.strip()
    if text.startswith("{"):
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return next(_from_json(data), None) if isinstance(data, dict) else None
    match = _COMMON.search(text)
    return _made(match["method"], match["uri"], match["status"]) if match else None


def _from_json(data: Mapping[str, Any]) -> Iterator[_Request]:
    """nginx's and Apache's own fields, Traefik's, and Caddy's `request` object; or a whole request line."""
    inner = data.get("request") or data.get("httpRequest")
    flat = {str(key).lower(): value for key, value in data.items()}
    if isinstance(inner, dict):
        flat |= {str(key).lower(): value for key, value in inner.items()}
    status = next((flat[key] for key in _STATUS if flat.get(key) is not None), None)
    if isinstance(inner, str) and (match := re.match(r"([A-Z]{3,10}) (\S+)", inner)):
        method, uri = match.groups()
    else:
        method = next((str(flat[key]) for key in _METHODS if flat.get(key)), "")
        uri = next((str(flat[key]) for key in _URI if flat.get(key)), "")
    made = _made(method.upper(), uri, status)
    if made:
        yield made


def _made(method: str, uri: str, status: Any) -> _Request | None:
    try:
        code = int(str(status))
        path = urlsplit(uri).path if "://" in uri else uri.partition("?")[0].partition("#")[0]
    except ValueError:
        return None
    if not _METHOD.fullmatch(method) or not path.startswith("/") or not path.isprintable() or not 100 <= code < 600:
        return None
    path = "/" + path.lstrip("/") if path.startswith("//") else path
    asked = [pair for pair in uri.partition("#")[0].partition("?")[2].split("&") if pair]
    kept = _kept(asked)
    return _Request(method, f"{path}?{'&'.join(kept)}" if kept else path, code, len(kept) < len(asked))


def _kept(asked: Iterable[str]) -> list[str]:
    """Of a query's parameters those that are numbers, each name once."""
    kept: dict[str, str] = {}
    for pair in asked:
        found = _PARAMETER.fullmatch(pair)
        if found and not _PRIVATE.search(found["name"]):
            kept.setdefault(found["name"], pair)
    return list(kept.values())
