"""What one line of a log says, whatever its format: how severe, what happened, why, and whom it names. Pure.

Three formats are read: JSON (flat, or nested as Elastic and OpenTelemetry write it), logfmt, and plain text; in plain text a
part in JSON or logfmt at the end counts too. A line's own text is never run as a pattern.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

LEVELS = ("TRACE", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL")
WARNING, ERROR = LEVELS.index("WARNING"), LEVELS.index("ERROR")
_SPELLED = {"WARN": "WARNING", "ERR": "ERROR", "FATAL": "CRITICAL", "PANIC": "CRITICAL", "CRIT": "CRITICAL"}
_SPELLED |= {"ALERT": "CRITICAL", "EMERG": "CRITICAL", "EMERGENCY": "CRITICAL", "SEVERE": "CRITICAL"}
_LEVEL = re.compile(rf"\b({'|'.join((*LEVELS, *_SPELLED))})\b", re.IGNORECASE)
_PINO = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARNING", 50: "ERROR", 60: "CRITICAL"}
_SYSLOG = ("CRITICAL", "CRITICAL", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")

LEVEL_KEYS = ("level", "severity", "lvl", "log.level", "levelname", "severity_text", "severitytext", "loglevel")
MESSAGE_KEYS = ("message", "msg", "event", "body", "text", "short_message")
ERROR_KEYS = (
    "error", "err", "error.type", "error.message", "error.kind", "error_type", "exception", "exception.type",
    "exception.message", "exc_info", "exc", "cause", "reason", "stack", "stacktrace", "stack_trace", "error.stack_trace",
)  # fmt: skip
DEPENDENCY_KEYS = ("dependency", "peer.service", "server.address", "upstream", "net.peer.name", "peer", "target")
_PATHS = ("attributes.", "fields.", "extra.", "labels.", "resource.", "data.")  # what some formats put them under

_PAIR = re.compile(r'(?:^|(?<=\s))([A-Za-z_][\w.@-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)')
_WORD = re.compile(r"[^\W_][\w.-]*[^\W_]|[^\W_]")
_TRACEBACK = re.compile(r"Traceback \(most recent call last\)|^\s+at [\w.$]+\(", re.MULTILINE)
_KIND = re.compile(
    r"\b[A-Za-z_][\w.]*(?:Error|Exception|Timeout|Refused|Failure)\b|\b(?:ECONN[A-Z]+|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE)\b"
    r"|\bSQLSTATE\b|\b[Ee]rrno\b|(?i:\bdeadline exceeded\b|\bconnection (?:refused|reset|closed|timed out)\b|\btimed out\b|\bno route\b)"
)
_CONTINUES = re.compile(
    rb"\s|Traceback \(most recent|Caused by: |During handling of the above|The above exception was|\}|goroutine \d"
)
_RAISED = re.compile(rb"[A-Za-z_][\w.$]*(?:Error|Exception|Exit|Interrupt|Timeout|Refused|Warning)(?::|$)")
_NO_WORD = re.compile(r"\S*[/\d=]\S*|\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|HTTP)\b")

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
    """Severity of a line, by the first level's name in it: an index of LEVELS; -1 when it names none."""
    match = _LEVEL.search(text)
    return level_number(match.group(1)) if match else -1


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
    def fields(self) -> Mapping[str, Any]:
        """What the line states as key and value, keys in lower case and paths joined with dots; {} for plain text."""
        head = self.text.partition("\n")[0].strip()
        start = head.find("{")
        if start >= 0 and head.endswith("}") and (start == 0 or head[start - 1].isspace()):
            try:
                data = json.loads(head[start:])
            except (ValueError, RecursionError):
                data = None
            if isinstance(data, dict):
                return dict(_flat(data))
        return {key.lower(): _unquoted(value) for key, value in _PAIR.findall(head)}

    def field(self, *keys: str) -> Any:
        """The first of these fields that is there and not empty; None."""
        for key in keys:
            for path in ("", *_PATHS):
                value = self.fields.get(path + key)
                if value not in (None, "", False):
                    return value
        return None

    @cached_property
    def level(self) -> int:
        """An index of LEVELS; -1 when the line names none. A traceback without a level is an error."""
        told = self.field(*LEVEL_KEYS)
        if isinstance(told, (int, float)) or (isinstance(told, str) and told.isdigit()):
            number = int(told)
            name = _PINO.get(number) or (_SYSLOG[number] if 0 <= number < len(_SYSLOG) else "")
            if name:
                return LEVELS.index(name)
        elif isinstance(told, str) and (match := _LEVEL.search(told)):
            return level_number(match.group(1))
        if self.structured:
            return -1
        found = level_of(self.text.partition("\n")[0])
        return ERROR if found < 0 and _TRACEBACK.search(self.text) else found

    @property
    def structured(self) -> bool:
        return any(path + key in self.fields for key in (*LEVEL_KEYS, *MESSAGE_KEYS) for path in ("", *_PATHS))

    @cached_property
    def message(self) -> str:
        """What happened, in the line's words."""
        told = self.field(*MESSAGE_KEYS)
        if isinstance(told, str):
            return told
        return "" if self.structured else self.text.partition("\n")[0]

    @property
    def tells_why(self) -> bool:
        """Whether it gives a cause: an error's kind or text, a stack trace, or a message of more than general words."""
        if self.field(*ERROR_KEYS) is not None or _TRACEBACK.search(self.text) or _KIND.search(self.message):
            return True
        plain = _LEVEL.sub(" ", _NO_WORD.sub(" ", self.message))
        return any(word not in GENERIC and len(word) > 1 for word in words(plain))

    @property
    def accuses(self) -> str:
        """Whom it names in a field made for that, such as `dependency` or `peer.service`; '' for nobody."""
        told = self.field(*DEPENDENCY_KEYS)
        return told.strip() if isinstance(told, str) else ""

    def spoken(self) -> str:
        """All that it says in words: message, cause, and what continues it; where it has no fields, all of it."""
        if not self.structured:
            return self.text
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
