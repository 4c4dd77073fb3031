"""An access log as routes: what users really asked for, and how often. Pure.

Read are the common and the combined format and what is like them, JSON and logfmt lines, and formats that are told (see log_format).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from harness.errors import UsageError
from harness.init.log_format import LONGEST
from harness.init.routes import MOST_VALUES, SAFE, Route, kind_of, scaled, template
from harness.logtext import Said

UNREAD = (
    "in the common or combined log format, or in JSON or logfmt with its method, path and status. Tell how they are made by --log-format: "
    """the proxy's own format ('$remote_addr "$request" $status'), or the file in which its log_format or LogFormat stands"""
)
MOST_ROUTES = 40
MANY = 20
"""So many different words at one place of otherwise like paths are names of things, not of routes."""
MOST_LINES = 2_000_000
MOST_PATHS = 200_000
_COMMON = re.compile(  # `"GET /a HTTP/1.1" 200`, `…"|200|`, `req="…" st=200`
    r'"(?P<method>[A-Z]{3,10}) (?P<uri>\S+)(?: HTTP/[\d.]+)?"(?: |[ \t]*[|;,\t][ \t]*)'
    r'(?:(?:status|st|sc|code|status_code)[=:])?"?(?P<status>[1-5]\d\d)(?![\d.])'
)
_LINE = re.compile(r"(?P<method>[A-Z]{3,10}) (?P<uri>\S+)(?: HTTP/[\d.]+)?")
_METHOD = re.compile(r"[A-Z]{3,10}")
_PARAMETER = re.compile(r"(?P<name>[A-Za-z]\w{0,30})=\d{1,9}", re.ASCII)
"""Of a query only numbers are kept, as of a path; longer ones are times, telephones and cards."""
_PRIVATE = re.compile(
    r"token|secret|pass|key|auth|otp|code|phone|mobile|card|cvv|cvc|ssn|birth|iban|session|(?<![a-z])(?:pin|tel|sig|sid|dob)(?![a-z])",
    re.IGNORECASE,
)
_LINES = ("request", "req", "request_line", "requestline", "http_request")
_URI = ("request_uri", "uri", "path", "url", "requesturi", "requesturl", "requestpath", "target")
_METHODS = ("request_method", "method", "requestmethod", "verb")
_STATUS = (
    "status",
    "response_status",
    "downstreamstatus",
    "status_code",
    "response_code",
    "statuscode",
    "http_status",
    "code",
    "st",
    "sc",
)
_UNDER = (
    "request.",
    "httprequest.",
    "",
    "req.",
    "res.",
    "response.",
    "http.",
    "http.request.",
    "http.response.",
    "url.",
)
"""What Caddy, Google, pino and Elastic put a request's fields under."""


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


def routes_of(lines: Iterable[str], name: str, layouts: Sequence[re.Pattern[str]] = ()) -> Logged:
    """Read a log; `name` is what messages call it, `layouts` how its lines are made, where that was told. Of queries only numbers are
    kept: words may be private.

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
        request = _request(line, layouts) if line.strip() else None
        if request is None:
            unread += bool(line.strip())
            continue
        read += 1
        cut += request.cut
        key = (request.method, request.path)
        if key in counts or key in bad or len(counts) + len(bad) < MOST_PATHS:
            (counts if request.status < 400 else bad)[key] += 1
    if not read:
        raise UsageError(f"{name}: no line of it is a request {'as --log-format has it' if layouts else UNREAD}")
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


def _request(line: str, layouts: Sequence[re.Pattern[str]]) -> _Request | None:
    text = line.strip()
    if layouts:
        found = (layout.match(text[:LONGEST]) for layout in layouts)
        return next((_made(match["method"], match["uri"], match["status"]) for match in found if match), None)
    if match := None if text.startswith("{") else _COMMON.search(text):
        return _made(match["method"], match["uri"], match["status"])
    return _of_fields(Said(text).fields)


def _of_fields(fields: Mapping[str, Any]) -> _Request | None:
    """A request in JSON or logfmt: in one field as a whole line, or its method, path and status apart."""
    status = _field(fields, _STATUS)
    whole = _LINE.match(str(_field(fields, _LINES) or ""))
    if whole:
        return _made(whole["method"], whole["uri"], status)
    return _made(str(_field(fields, _METHODS) or "").upper(), str(_field(fields, _URI) or ""), status)


def _field(fields: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next(
        (value for name in names for under in _UNDER if (value := fields.get(under + name)) not in (None, "")), None
    )


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
