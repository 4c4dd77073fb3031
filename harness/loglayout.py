"""What a logger writes before a message, in plain text: the time, level, process, thread and the logger's own name. Pure.

Sources: Python's basicConfig and its manual's formats; Logback's and Spring Boot's default patterns; Log4j; NLog; loguru; klog; logrus;
zap's console; Rust's env_logger and tracing; Ruby's Logger.
"""

from __future__ import annotations

import re

from harness.loglevels import CALENDAR, LEVEL_NAME, plain

_HEADS = tuple(
    re.compile(pattern)
    for pattern in (
        r"[A-Z]{3,9}:[\w.$-]*:(?=\S)",  # Python's basicConfig
        r"[IWEF]\d{4,8} [\d:.]+\s+\d+ [^\]\s]+:\d+\] ",  # klog
        r"[\d :./,-]{8,30}\|[A-Z]{3,8}\|[^|\s]*\|",  # NLog
        r"[A-Z]{4}\[\d+\]\s+",  # logrus on a terminal
        r"[A-Z], \[[^\]]{1,60}\]\s+[A-Z]{3,7} -- [^:\s]{0,60}\s*: ",  # Ruby
    )
)
_TOKEN = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|\S+")
_MOST_TOKENS = 12
_STATES_LEVEL = re.compile(rf"[\[(<|]?\s*(?:[\w-]{{1,40}}[:.])?{LEVEL_NAME.pattern}[\])>|:]*", re.IGNORECASE)
_AFTER = re.compile(r"[\s:|,>*-]*(?:\(\d+\)|\d+ (?=---)|---|\[[^\[\]]*\]|[^\s:]+\.[a-z]{1,4}:\d+(?=[:\s]))?")
_GROUPS = r"(?:\s*(?:\[[^\[\]]{0,200}\]|\([^()]{0,200}\)|\{[^{}]{0,200}\})){0,4}"  # of the request or the place: `Web [id] (Web.java:92) - `
_LOGGER = re.compile(rf"([A-Za-z_$][\w$.:\[\]/<>-]*){_GROUPS}(?:\s+-+\s+|\s*\|\s*|\s+: )|((?:\w+::)+\w+): ")
_LIKE_A_LOGGER = re.compile(r"[.$]|::|[a-z][A-Z]|:\d+$")
_TELLS = re.compile(r"(?:Error|Exception|Timeout|Refused|Failure|\btimed out|\brefused)\b")


def message_of(line: str) -> str:
    """What a line of plain text says, behind what its logger writes before that. All of it where that cannot be told apart: a word
    that may be the message's own is left in."""
    text = plain(line).lstrip()
    for head in _HEADS:
        if match := head.match(text):
            return text[match.end() :]
    rest = _behind_level(text)
    return text if rest is None or not rest.strip() else rest


def _behind_level(text: str) -> str | None:
    """What follows the level, where only a time, brackets and one logger's name stand before it."""
    logger = False
    for number, token in enumerate(_TOKEN.finditer(text)):
        if number == _MOST_TOKENS:
            return None
        word = token[0]
        if (level := _STATES_LEVEL.match(word)) and _is_statement(word, level, logger):
            return _behind_logger(text[token.end() :])
        if word[0] in "[(" and word.endswith(("]", ")")):
            if any(name[0].isupper() for name in LEVEL_NAME.findall(word)):  # `[2026-11-28T20:00:00Z ERROR shop::db]`
                return _behind_logger(text[token.end() :])
            continue
        bare = word.strip("[](){}<>|:,;-*\"'").lower()
        if not bare or bare in CALENDAR or any(letter.isdigit() for letter in bare):
            continue
        if logger:
            return None
        logger = True
    return None


def _is_statement(word: str, level: re.Match[str], behind_a_word: bool) -> bool:
    """Whether a word that is a level's name states it: in upper case, in brackets, or at the line's beginning with a colon."""
    if level.end() < len(word) and word[level.end()] not in "/[":
        return False
    name = level[1]
    return name.isupper() or word[0] in "[(<|" or (word.endswith(":") and not behind_a_word)


def _behind_logger(rest: str) -> str:
    """A text without the process, thread and logger that it begins with."""
    while (match := _AFTER.match(rest)) and match.end() and not _TELLS.search(match[0]):
        rest = rest[match.end() :]
    logger = _LOGGER.match(rest)
    if logger is None or _TELLS.search(logger[0]):
        return rest
    name = logger[1] or logger[2]
    return rest[logger.end() :] if _LIKE_A_LOGGER.search(name) else rest
