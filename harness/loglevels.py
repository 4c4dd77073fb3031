"""How severe a line of a log says it is, in whatever words its writer has for that. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
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
LEVEL_NAME = re.compile(rf"\b({_NAMES})\b", re.IGNORECASE)
_LETTERS = {"T": "TRACE", "D": "DEBUG", "V": "DEBUG", "I": "INFO", "N": "NOTICE", "W": "WARNING", "E": "ERROR"}
_LETTERS |= {"F": "CRITICAL", "C": "CRITICAL"}
SYSLOG = ("CRITICAL", "CRITICAL", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")

# How lines of well known writers begin. Sources: .NET SimpleConsoleFormatter; klog and glog; logrus' text on a terminal; tornado;
# syslog (RFC 5424 PRI, RFC 3164's host and process); Redis' serverLog; PostgreSQL's elog; Rust, Java and PHP as they die.
DOTNET = re.compile(r"(trce|dbug|info|warn|fail|crit): [^\s\[]+\[\d+\]\s*")
_KLOG = re.compile(r"([IWEF])\d{4}(?:\d{4})? \d\d:\d\d:\d\d")
_LOGRUS = re.compile(r"(TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\[\d+\]")
_TORNADO = re.compile(r"\[([DIWEC]) (?:\d{6}|\d{4}-\d\d-\d\d) ")
_REDIS = re.compile(r"\d+:[XCSM] .{0,40}?\d\d:\d\d:\d\d\.\d+ ([.*#-]) ")
_LETTER = re.compile(r"(?:\[?\d[\d:.,TZ/ +-]*\]? )?\[([DIWEF])\](?!\S)")
_CRASH = re.compile(
    r"thread '[^']{0,80}' (?:\(\d+\) )?(panicked) at |(Exception) in thread \"[^\"]{0,80}\" "
    r"|(?:\[[^\]]{0,60}\] )?(?:NOTICE: PHP message: )?PHP (Fatal error|Parse error|Recoverable fatal error|Warning|Notice):"
)
_CRASHES = {
    "panicked": "CRITICAL",
    "Exception": "ERROR",
    "Fatal error": "CRITICAL",
    "Parse error": "CRITICAL",
    "Recoverable fatal error": "ERROR",
    "Warning": "WARNING",
    "Notice": "NOTICE",
}
_SYSLOG_HEAD = re.compile(
    r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S{8,24}) \S{1,80} [\w./-]{1,60}\[\d{1,8}\]: "
)
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
    (DOTNET, lambda word: _DOTNET_LEVELS.get(word, word)),
    (_KLOG, _LETTERS.__getitem__),
    (_TORNADO, _LETTERS.__getitem__),
    (_LOGRUS, str),
    (_LETTER, _LETTERS.__getitem__),
    (_CRASH, _CRASHES.__getitem__),
    (_REDIS, _REDIS_MARKS.__getitem__),
)
_PRI = (re.compile(r"<(\d{1,3})>\d?"), lambda number: SYSLOG[int(number) % 8])
_PADDED = re.compile(r"([\[(<])(\s+)(?=\w)|(?<=\w)(\s+)([\])>])")
_CLOCK = re.compile(r"\d\d:\d\d")
_CALENDAR_WORDS = "jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun utc gmt am pm"
CALENDAR = frozenset(_CALENDAR_WORDS.split())
ACCESS = re.compile(r'"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S+ HTTP/[\d.]+"(?: ([1-5]\d\d)(?!\d))?')
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


def level_of_text(text: str) -> int:
    """Severity that a line of plain text states.

    What the line begins with counts first, as its writer puts it there; then the first level in upper case or in brackets. A
    level's name among other words, such as `info` in `GET /info`, is no statement.
    """
    head = _head(text)
    for pattern, named in (*_WRITERS, _PRI):
        if match := pattern.match(head):
            return level_number(named(match[match.lastindex or 1]))
    stated = next((match for match in _STATED.finditer(head) if _stated_level(match)), None)
    first, at = _leading(head)
    postgres = _POSTGRES.search(head)
    if postgres and (stated is None or postgres.start() < stated.start()):
        return INFO
    if first and (stated is None or at < stated.start()):
        return level_number(first)
    if stated is not None:
        return level_number(_stated_level(stated))
    return INFO if ACCESS.search(head) else UNREAD


def level_at_head(text: str) -> tuple[int, int]:
    """The level that a line of plain text begins with, as a logger states it (`WARN gone`, `10:00 [info] gone`, `error: gone`), and
    where it stands; UNREAD where it begins with none, or with a word that may be the text's own (`error handling is on`)."""
    head, blanks = _head(text), len(text) - len(text.lstrip())
    for pattern, named in _WRITERS:
        if match := pattern.match(head):
            return level_number(named(match[match.lastindex or 1])), blanks
    word, at = _leading(head)
    if word and (head[at:].split(maxsplit=1)[0].endswith(":") or _firm(head, word, at)):
        return level_number(word), blanks + at
    return UNREAD, -1


def begins_with_level(text: str) -> bool:
    """Whether a line that begins with blanks begins with its level all the same, padded or behind a time: ` WARN gone`. Text that
    is indented under another line (`  error: no route`, `0: error trying to connect`) does not."""
    head = _head(text)
    word, at = _leading(head)
    blanks = len(text) - len(text.lstrip(" "))
    return bool(word) and (_firm(head, word, at) or (at == 0 and blanks == 1))


def level_of_word(value: Any) -> int:
    """What a field that is there for the level says in a word or a letter."""
    if not isinstance(value, str):
        return UNREAD
    word = plain(value).strip()
    if word.lower() in _DOTNET_LEVELS:
        return level_number(_DOTNET_LEVELS[word.lower()])
    if word.upper() in _LETTERS:
        return LEVELS.index(_LETTERS[word.upper()])
    match = LEVEL_NAME.search(word)
    return level_number(match.group(1)) if match else UNREAD


def level_named(value: Any) -> int:
    """The level that a value is the name of, the whole of it; UNREAD where it is none."""
    word = value.strip().upper() if isinstance(value, str) else ""
    return level_number(word) if word in LEVELS or word in _SPELLED else UNREAD


def level_of_letter(value: Any) -> int:
    """MongoDB's: `E`, `I`, `D2`."""
    letter = isinstance(value, str) and len(value) < 3 and _LETTERS.get(value[:1])
    return LEVELS.index(letter) if letter else UNREAD


def _head(text: str) -> str:
    """Where a line's level may stand: its beginning, uncoloured, without the time, host and process that syslog puts before it,
    and with a level that is padded within its brackets put together."""
    head = plain(text[:_WITHIN]).lstrip()
    if syslog := _SYSLOG_HEAD.match(head):
        head = head[syslog.end() :]
    return _PADDED.sub(lambda match: f"{match[2] or ''}{match[1] or match[4]}{match[3] or ''}", head)


def _firm(head: str, word: str, at: int) -> bool:
    """Whether a level that a line begins with is stated as one: in upper case, in brackets, or after a time."""
    return head[at] in "[(<|" or word.upper() in head[at:].split(maxsplit=1)[0] or _CLOCK.search(head[:at]) is not None


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
        if word and word not in CALENDAR and not any(letter.isdigit() for letter in word):
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
