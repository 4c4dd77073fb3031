"""What one line of a log says, whatever its format: how severe, what happened, why, and whom it names. Pure.

Three formats are read: JSON (flat, or nested as Elastic and OpenTelemetry write it), logfmt, and plain text; in plain text a
part in JSON or logfmt at the end counts too. A line's own text is never run as a pattern.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.loglayout import message_of
from harness.loglevels import (
    ACCESS,
    DOTNET,
    ERROR,
    INFO,
    UNREAD,
    level_at_head,
    level_named,
    level_of_letter,
    level_of_text,
    level_of_word,
    plain,
)
from harness.lognumbers import level_of_number, level_of_severity_number, number_of

_METHOD_KEYS = ("method", "request_method", "http.method", "http.request.method", "req.method")
_STATUS_KEYS = (
    "status",
    "status_code",
    "response_code",
    "http.status_code",
    "http.response.status_code",
    "res.statuscode",
)
LEVEL_KEYS = (  # names before numbers, which writers give other meanings
    "level_name", "levelname", "levelstr", "level", "severity", "lvl", "log.level", "severity_text", "severitytext", "loglevel", "@l",
    "@level", "log_level", "severity_label", "levelno",
)  # fmt: skip
MESSAGE_KEYS = ("message", "msg", "event", "body", "text", "short_message", "@m", "@mt", "@message")
_PERHAPS_LEVEL_KEYS = ("priority", "sev", "status")
"""Levels in some formats (log4j 1, Datadog), and elsewhere an order's own: they state one where nothing else does, by its name."""
ERROR_KEYS = (
    "error", "err", "error.type", "error.message", "error.kind", "error_type", "exception", "exception.type",
    "exception.message", "exc_info", "exc", "cause", "reason", "stack", "stacktrace", "stack_trace", "error.stack_trace", "@x",
)  # fmt: skip
DEPENDENCY_KEYS = ("dependency", "peer.service", "server.address", "upstream", "net.peer.name")
MAYBE_KEYS = ("peer", "target")
"""Fields that name a dependency in some formats, and in others the caller's address or the module that logs: they accuse only
where their value is a part's name."""
_PATHS = (
    "attributes.",
    "fields.",
    "extra.",
    "labels.",
    "resource.",
    "data.",
    "record.",
)  # what some formats put them under

_PAIR = re.compile(  # the last one of `{id=7, user=bob}` ends before the brace
    r'(?:^|(?<=\s))([A-Za-z_][\w.@-]*)=("(?:[^"\\]|\\.)*"|[^\s"()\[\]{}]*(?=[)\]}](?:\s|$))|[^\s"]*)'
)
TRACEBACK = re.compile(  # of Python; of Java and .NET; of Node, which puts a blank before the bracket, or writes the place alone
    r"Traceback \(most recent call last\)|^\s+at (?:(?:async |new )?[^\s(]+ ?(?:\[as \S+\] )?\(|(?:async )?\S+:\d+:\d+$)",
    re.MULTILINE,
)


def level_of(text: str) -> int:
    """Severity that a line states, in whatever format: an index of LEVELS; UNREAD when it states none."""
    return Said(text).level


@dataclass(frozen=True)
class Said:
    """One line, with what continues it (after its first end of line)."""

    text: str

    @cached_property
    def head(self) -> str:
        """The line itself, without colours and without what continues it."""
        return plain(self.text.partition("\n")[0]).strip()

    @cached_property
    def _stated(self) -> tuple[Mapping[str, Any], str]:
        """What the line states as key and value, and the plain text around that."""
        head = self.head
        start = head.find("{")
        if start >= 0 and head.endswith("}") and (start == 0 or head[start - 1].isspace()):
            try:
                data = json.loads(head[start:])
            except (ValueError, RecursionError):
                data = None
            if isinstance(data, dict):
                return dict(_flat(data)), head[:start]
        pairs = {key.lower(): _unquoted(value) for key, value in _PAIR.findall(head)}
        return pairs, _PAIR.sub(lambda pair: " " * len(pair[0]), head) if pairs else head

    @property
    def fields(self) -> Mapping[str, Any]:
        """What the line states as key and value, keys in lower case and paths joined with dots; {} for plain text."""
        return self._stated[0]

    def field(self, *keys: str) -> Any:
        """The first of these fields that is there and not empty; None."""
        return next(self.every(*keys), None)

    def every(self, *keys: str) -> Iterator[Any]:
        """Of each of these fields that is there and not empty, what it holds."""
        fields = self.fields
        for key in keys if fields else ():
            for path in ("", *_PATHS):
                value = fields.get(path + key)
                if value is not None and value is not False and value != "":
                    yield value

    @cached_property
    def level(self) -> int:
        """An index of LEVELS; UNREAD when the line states none. A traceback without a level is an error."""
        return ERROR if self.stated_level == UNREAD and TRACEBACK.search(self.text) else self.stated_level

    @cached_property
    def stated_level(self) -> int:
        """The level that the line itself states; UNREAD when it states none. Plain text that begins with its level goes before a pair
        after it: in `WARN cache is full level=6` the pair is one of the things that it tells."""
        if not self.fields:
            return level_of_text(self.head)
        found, at = level_at_head(self._stated[1])
        if found != UNREAD and at < self._pair_at:
            return found
        for key in LEVEL_KEYS:
            if (found := self._level_in(key)) != UNREAD:
                return found
        if (found := self._level_by_format()) == UNREAD and (found := level_of_text(self._stated[1])) == UNREAD:
            perhaps = _PERHAPS_LEVEL_KEYS if self.field(*MESSAGE_KEYS) is not None else ()
            return next((level for key in perhaps if (level := level_named(self.field(key))) != UNREAD), UNREAD)
        return found

    def _level_in(self, key: str) -> int:
        """The level that a field which is there for it states, in a word or a number."""
        value = self.field(key)
        number = number_of(value)
        return level_of_word(value) if number is None else level_of_number(key, number, self._names)

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names of its fields, without the paths that some formats put them under."""
        return frozenset(name[len(path) :] for path in ("", *_PATHS) for name in self.fields if name.startswith(path))

    @property
    def _pair_at(self) -> int:
        """Where the first pair stands that states a level; after all the rest where none does."""
        pairs = _PAIR.finditer(self.head)
        return next((pair.start() for pair in pairs if pair[1].lower() in LEVEL_KEYS), len(self.head))

    def _level_by_format(self) -> int:
        """The level of lines that state it in a way of their own: OpenTelemetry's number, MongoDB's letter, Serilog's silence."""
        number = level_of_severity_number(self.field("severity_number", "severitynumber"))
        if number != UNREAD:
            return number
        if {"s", "c", "msg"} <= self.fields.keys() and (letter := level_of_letter(self.fields["s"])) != UNREAD:
            return letter
        if {"@t", "@mt"} <= self.fields.keys() or {"@t", "@m"} <= self.fields.keys():
            return INFO  # Serilog's compact format leaves this one out
        access = self.field(*_METHOD_KEYS) is not None and self.field(*_STATUS_KEYS) is not None
        if access and self.field(*LEVEL_KEYS, *MESSAGE_KEYS, *ERROR_KEYS) is None:
            return INFO  # a record of the access log
        return UNREAD

    @property
    def status(self) -> int | None:
        """The status that the line says an HTTP request was answered with: a field, or in an access log's place. None: it tells none."""
        told = self.field(*_STATUS_KEYS)
        if told is None and (match := ACCESS.search(self.head)):
            told = match[1]
        text = str(told)
        return int(text) if text.isascii() and text.isdigit() and 100 <= int(text) <= 599 else None

    @property
    def structured(self) -> bool:
        return bool(self.fields) and any(
            path + key in self.fields for key in (*LEVEL_KEYS, *MESSAGE_KEYS) for path in ("", *_PATHS)
        )

    @cached_property
    def message(self) -> str:
        """What happened, in the line's words."""
        told = self.field(*MESSAGE_KEYS)
        if isinstance(told, str):
            return plain(told)
        if (match := DOTNET.match(self.head)) is not None:  # what it says stands in the next line
            after = self.text.partition("\n")[2]
            return f"{self.head[match.end() :]} {after}".strip()
        return "" if self.structured else message_of(self.head)

    @property
    def plain_message(self) -> str:
        """What happened, without what the line states beside it as key and value."""
        return self.message if self.structured or DOTNET.match(self.head) else message_of(self._stated[1])

    def named(self, *more: str) -> tuple[str, ...]:
        """Whom it names in fields made for that, such as `dependency` or `peer.service`, or in `more` of them; the best first."""
        return tuple(dict.fromkeys(self._texts((*more, *DEPENDENCY_KEYS))))

    @property
    def perhaps_named(self) -> tuple[str, ...]:
        """Values of fields that name a dependency in some formats, and something else in others."""
        return tuple(self._texts(MAYBE_KEYS))

    def _texts(self, keys: Iterable[str]) -> Iterator[str]:
        for key in keys:
            told = self.field(key)
            if isinstance(told, str) and told.strip():
                yield told.strip()

    def spoken(self) -> str:
        """All that it says in words: message, cause, and what continues it."""
        causes = [str(value) for value in self.every(*ERROR_KEYS)] if self.structured else []
        return " ".join([self.message, *causes, plain(self.text.partition("\n")[2])])

    def before(self) -> str:
        """What its logger writes before the message, in plain text."""
        return "" if self.structured else self.head.removesuffix(self.message)


def _flat(data: Mapping[str, Any], path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        name = f"{path}{str(key).lower()}"
        if isinstance(value, dict) and depth < 4:
            if value:
                yield name, json.dumps(value, default=str)  # `error: {…}` is there, whatever it is made of
            yield from _flat(value, f"{name}.", depth + 1)
        else:
            yield name, value


def _unquoted(value: str) -> str:
    return value[1:-1].replace('\\"', '"') if len(value) > 1 and value[0] == value[-1] == '"' else value
