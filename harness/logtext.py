"""What one line of a log says, whatever its format: how severe, what happened, why, and whom it names. Pure.

Three formats are read: JSON (flat, or nested as Elastic and OpenTelemetry write it), logfmt, and plain text; in plain text a
part in JSON or logfmt at the end counts too. A line's own text is never run as a pattern.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

LEVELS = ("TRACE", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL")
INFO, WARNING, ERROR = LEVELS.index("INFO"), LEVELS.index("WARNING"), LEVELS.index("ERROR")
UNREAD = -1
"""The level of a line that states none which can be read: it may be of any."""
_OTHER = {
    "TRACE": "TRC TRCE TRAC VERBOSE VRB SILLY FINEST FINER",
    "DEBUG": "DBG DBUG DEBU FINE DEBUG1 DEBUG2 DEBUG3 DEBUG4 DEBUG5",
    "INFO": "INF INFORMATION INFORMATIONAL",
    "NOTICE": "NTC",
    "WARNING": "WARN WRN",
    "ERROR": "ERR ERRO EROR",
    "CRITICAL": "FATAL PANIC CRIT FATA FTL PANI DPANIC ALERT EMERG EMERGENCY SEVERE",
}
_SPELLED = {other: level for level, others in _OTHER.items() for other in others.split()}
_NAMES = "|".join(sorted((*LEVELS, *_SPELLED), key=len, reverse=True))
_LEVEL = re.compile(rf"\b({_NAMES})\b", re.IGNORECASE)
_LETTERS = {"T": "TRACE", "D": "DEBUG", "V": "DEBUG", "I": "INFO", "N": "NOTICE", "W": "WARNING", "E": "ERROR"}
_LETTERS |= {"F": "CRITICAL", "C": "CRITICAL"}
_PINO = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARNING", 50: "ERROR", 60: "CRITICAL"}
_MONOLOG = {
    100: "DEBUG",
    200: "INFO",
    250: "NOTICE",
    300: "WARNING",
    400: "ERROR",
    500: "CRITICAL",
    550: "CRITICAL",
    600: "CRITICAL",
}
_SYSLOG = ("CRITICAL", "CRITICAL", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")
_OTEL = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")  # severity numbers 1 to 24, four each

# How lines of well known writers begin. Sources: .NET SimpleConsoleFormatter; klog and glog; logrus' text on a terminal; tornado;
# syslog (RFC 5424 PRI); Redis' serverLog; PostgreSQL's elog.
_DOTNET = re.compile(r"(trce|dbug|info|warn|fail|crit): [^\s\[]+\[\d+\]\s*")
_KLOG = re.compile(r"([IWEF])\d{4}(?:\d{4})? \d\d:\d\d:\d\d")
_LOGRUS = re.compile(r"(TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\[\d+\]")
_TORNADO = re.compile(r"\[([DIWEC]) \d{6} ")
_PRI = re.compile(r"<(\d{1,3})>\d?")
_REDIS = re.compile(r"\d+:[XCSM] .{0,40}?\d\d:\d\d:\d\d\.\d+ ([.*#-]) ")
# What Spring Boot writes before a message: the time, level, process, application, thread, trace and logger (DefaultLogback).
_SPRING = re.compile(r"\S+(?: \S+)?\s+[A-Z]{4,5} \d+ --- (?:\[[^\]]*\]\s+)+\S+\s*: ")
_DOTNET_LEVELS = {"fail": "error"}
_REDIS_MARKS = {".": "DEBUG", "-": "INFO", "*": "NOTICE", "#": "WARNING"}
_POSTGRES = re.compile(r"(?:^|\s)(?:LOG|STATEMENT|DETAIL|HINT|CONTEXT|QUERY):  ")
# A level is stated in upper case, in brackets (Apache: module:level), or as monolog does (channel.LEVEL:); a word of the text is none.
_STATED = re.compile(
    r"[\[(<|]\s?(?:[\w-]{1,40}:)?([A-Za-z]{3,13}\d?)\s?[\])>|]|(?<=\w)\.([A-Z]{3,13}):\s|(?<![\w/.=?&-])([A-Z]{3,13}\d?)(?![\w=]|-\w)"
)
_WITHIN = 1000  # characters of a line in which its level may stand
_IN_BRACKETS_ONLY = {"NOTE": "NOTICE", "SYSTEM": "INFO"}  # MySQL's
_WRITERS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (_DOTNET, lambda word: _DOTNET_LEVELS.get(word, word)),
    (_KLOG, _LETTERS.__getitem__),
    (_TORNADO, _LETTERS.__getitem__),
    (_LOGRUS, str),
    (_REDIS, _REDIS_MARKS.__getitem__),
    (_PRI, lambda number: _SYSLOG[int(number) % 8]),
)
_CALENDAR_WORDS = "jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun utc gmt am pm"
_CALENDAR = frozenset(_CALENDAR_WORDS.split())
_ACCESS = re.compile(r'"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S+ HTTP/[\d.]+"(?: ([1-5]\d\d)(?!\d))?')
_METHOD_KEYS = ("method", "request_method", "http.method", "http.request.method", "req.method")
_STATUS_KEYS = (
    "status",
    "status_code",
    "response_code",
    "http.status_code",
    "http.response.status_code",
    "res.statuscode",
)
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")

LEVEL_KEYS = (  # names before numbers, which writers give other meanings
    "level_name", "levelname", "levelstr", "level", "severity", "lvl", "log.level", "severity_text", "severitytext", "loglevel", "@l",
)  # fmt: skip
MESSAGE_KEYS = ("message", "msg", "event", "body", "text", "short_message", "@m", "@mt")
ERROR_KEYS = (
    "error", "err", "error.type", "error.message", "error.kind", "error_type", "exception", "exception.type",
    "exception.message", "exc_info", "exc", "cause", "reason", "stack", "stacktrace", "stack_trace", "error.stack_trace", "@x",
)  # fmt: skip
DEPENDENCY_KEYS = ("dependency", "peer.service", "server.address", "upstream", "net.peer.name")
MAYBE_KEYS = ("peer", "target")
"""Fields that name a dependency in some formats, and in others the caller's address or the module that logs: they accuse only
where their value is a part's name."""
_PATHS = ("attributes.", "fields.", "extra.", "labels.", "resource.", "data.")  # what some formats put them under

_PAIR = re.compile(r'(?:^|(?<=\s))([A-Za-z_][\w.@-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)')
_WORD = re.compile(r"[^\W_][\w.-]*[^\W_]|[^\W_]")
_TRACEBACK = re.compile(r"Traceback \(most recent call last\)|^\s+at [\w.$]+\(", re.MULTILINE)
_KIND = re.compile(
    r"\b[A-Za-z_][\w.]{0,120}(?:Error|Exception|Timeout|Refused|Failure)\b|\b(?:ECONN[A-Z]+|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE)\b"
    r"|\bSQLSTATE\b|\b[Ee]rrno\b|(?i:\bdeadline exceeded\b|\bconnection (?:refused|reset|closed|timed out)\b|\btimed out\b|\bno route\b)"
)
_CONTINUES = re.compile(
    rb"\s|Traceback \(most recent|Caused by: |During handling of the above|The above exception was|\}|goroutine \d"
)
_RAISED = re.compile(rb"[A-Za-z_][\w.$]*(?:Error|Exception|Exit|Interrupt|Timeout|Refused|Warning)(?::|$)")
_NO_WORD = re.compile(r"(?<!\S)\S*[/\d=]\S*|\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|HTTP)\b")

_GENERIC = """
a an the of in by to for on at is was and with while during your our ours we it i this that there has have been be could can not no
error errors internal server failed failure failing fail fails exception exceptions unexpected unknown unhandled uncaught occurred
happened wrong something went goes oops bad gateway service unavailable request requests handling processing processed handler handle
response responded answered answer returned status code http https try again later please sorry problem issue defect aborted invalid
result exit warn warning info critical fatal
"""
GENERIC = frozenset(_GENERIC.split())
"""Words that say nothing of the cause: a message of these alone is generic."""


def level_of(text: str) -> int:
    """Severity that a line states, in whatever format: an index of LEVELS; UNREAD when it states none."""
    return Said(text).level


def _level_of_text(text: str) -> int:
    """Severity that a line of plain text states.

    What the line begins with counts first, as its writer puts it there; then the first level in upper case or in brackets. A
    level's name among other words, such as `info` in `GET /info`, is no statement.
    """
    head = plain(text[:_WITHIN]).lstrip()
    for pattern, named in _WRITERS:
        if match := pattern.match(head):
            return level_number(named(match[1]))
    stated = next((match for match in _STATED.finditer(head) if _stated_level(match)), None)
    first, at = _leading(head)
    postgres = _POSTGRES.search(head)
    if postgres and (stated is None or postgres.start() < stated.start()):
        return INFO
    if first and (stated is None or at < stated.start()):
        return level_number(first)
    if stated is not None:
        return level_number(_stated_level(stated))
    return INFO if _ACCESS.search(head) else UNREAD


def _level_of_field(value: Any) -> int:
    """What a field that is there for the level says: a word, a letter, or a number of pino's, Monolog's or syslog's."""
    if isinstance(value, (int, float)) or (isinstance(value, str) and value.isdecimal()):
        number = int(value) if math.isfinite(float(value)) else -1
        name = _PINO.get(number) or _MONOLOG.get(number) or (_SYSLOG[number] if 0 <= number < len(_SYSLOG) else "")
        return LEVELS.index(name) if name else UNREAD
    if not isinstance(value, str):
        return UNREAD
    word = plain(value).strip()
    if word.lower() in _DOTNET_LEVELS:
        return level_number(_DOTNET_LEVELS[word.lower()])
    if word.upper() in _LETTERS:
        return LEVELS.index(_LETTERS[word.upper()])
    match = _LEVEL.search(word)
    return level_number(match.group(1)) if match else UNREAD


def _stated_level(match: re.Match[str]) -> str:
    """The level that a word in brackets or in upper case is; '' when it is none."""
    word = next(group for group in match.groups() if group).upper()
    word = _IN_BRACKETS_ONLY.get(word, word) if match[1] else word
    return word if word in LEVELS or word in _SPELLED else ""


def _leading(head: str) -> tuple[str, int]:
    """A level that is the line's first word after its time, its process and the like, and where it stands; '' when none is."""
    at, closing = 0, ""
    for token in head.split(maxsplit=12)[:12]:
        at = head.index(token, at)
        if closing:  # within brackets that hold several words, such as `[trace: 4bf9]`
            closing = "" if token.rstrip(":,").endswith(closing) else closing
            continue
        closing = {"[": "]", "(": ")"}.get(token[0], "")
        if closing and closing not in token:
            continue
        closing = ""
        word = token.strip("[](){}<>|:,;-\"'").lower()
        if word.upper() in LEVELS or word.upper() in _SPELLED:
            return word, at
        if word and word not in _CALENDAR and not any(letter.isdigit() for letter in word):
            return "", -1
        at += len(token)
    return "", -1


def plain(text: str) -> str:
    """A text without the escape sequences that colour a terminal."""
    return _ANSI.sub("", text) if "\x1b" in text else text


def level_number(name: str) -> int:
    """The index of a level's name, in any of its spellings. Raises ValueError on what is no level."""
    upper = name.upper()
    upper = _SPELLED.get(upper, upper)
    if upper not in LEVELS:
        raise ValueError(f"{name!r} is no level; write one of {', '.join(LEVELS)}")
    return LEVELS.index(upper)


def continues(line: bytes) -> bool:
    """Whether a line goes on with the one before it, as the lines of a stack trace do."""
    return _CONTINUES.match(line) is not None or _RAISED.match(line) is not None


def words(text: str) -> Iterator[str]:
    """The words of a text in lower case; names such as `orders-db` and `pg.internal` are one word."""
    return (match.group().lower() for match in _WORD.finditer(text))


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
        return pairs, _PAIR.sub(" ", head) if pairs else head

    @property
    def fields(self) -> Mapping[str, Any]:
        """What the line states as key and value, keys in lower case and paths joined with dots; {} for plain text."""
        return self._stated[0]

    def field(self, *keys: str) -> Any:
        """The first of these fields that is there and not empty; None."""
        fields = self.fields
        for key in keys if fields else ():
            for path in ("", *_PATHS):
                value = fields.get(path + key)
                if value not in (None, "", False):
                    return value
        return None

    @cached_property
    def level(self) -> int:
        """An index of LEVELS; UNREAD when the line states none. A traceback without a level is an error."""
        return ERROR if self.stated_level == UNREAD and _TRACEBACK.search(self.text) else self.stated_level

    @cached_property
    def stated_level(self) -> int:
        """The level that the line itself states; UNREAD when it states none."""
        for key in LEVEL_KEYS if self.fields else ():
            if (found := _level_of_field(self.field(key))) != UNREAD:
                return found
        found = self._level_by_format()
        return _level_of_text(self._stated[1]) if found == UNREAD else found

    def _level_by_format(self) -> int:
        """The level of lines that state it in a way of their own: OpenTelemetry's number, MongoDB's letter, Serilog's silence."""
        number = self.field("severity_number", "severitynumber")
        if isinstance(number, (int, float)) and 1 <= number <= 24:
            return LEVELS.index(_OTEL[(int(number) - 1) // 4])
        letter = self.fields.get("s")
        if (
            isinstance(letter, str)
            and letter[:1] in _LETTERS
            and {"c", "msg"} <= self.fields.keys()
            and len(letter) < 3
        ):
            return LEVELS.index(_LETTERS[letter[0]])
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
        if told is None and (match := _ACCESS.search(self.head)):
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
        if (match := _DOTNET.match(self.head)) is not None:  # what it says stands in the next line
            after = self.text.partition("\n")[2]
            return f"{self.head[match.end() :]} {after}".strip()
        if self.structured:
            return ""
        spring = _SPRING.match(self.head)
        return self.head[spring.end() :] if spring else self.head

    @property
    def tells_why(self) -> bool:
        """Whether it gives a cause: an error's kind or text, a stack trace, or a message of more than general words."""
        if self.field(*ERROR_KEYS) is not None or _TRACEBACK.search(self.text) or _KIND.search(self.message):
            return True
        plain = _LEVEL.sub(" ", _NO_WORD.sub(" ", self.message))
        return any(word not in GENERIC and len(word) > 1 for word in words(plain))

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
        """All that it says in words: message, cause, and what continues it; where it has no fields, all of it."""
        if not self.structured:
            return plain(self.text)
        causes = [str(value) for key in ERROR_KEYS if (value := self.field(key)) is not None]
        return " ".join([self.message, *causes, self.text.partition("\n")[2]])


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
