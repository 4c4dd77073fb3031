"""Which lines of a log are one record: a line, and those that continue it (a stack trace, .NET's second line); and which were kept
whole. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from harness.loglevels import UNREAD, WARNING, begins_with_level, plain
from harness.logtext import LEVEL_KEYS, Said

MOST_LINES = 100
"""So many lines at the most continue one,"""
LONGEST_S = 1.0
"""each written within this time of it: who writes a record, writes it at once."""

_WITHIN = 200  # characters of a line that tell whether it continues another
_TRACEBACK = "Traceback (most recent"
_CHAINED = ("During handling of the above", "The above exception was")
_GOES_ON = ("Caused by: ", "}", *_CHAINED)
_GOROUTINE = re.compile(r"goroutine \d")
_RAISED = re.compile(r"[A-Za-z_][\w.$]*(?:Error|Exception|Exit|Interrupt|Timeout|Refused|Warning)(?::|$)")
_FIELDS = re.compile(rf"\s*\{{.*\"(?:{'|'.join(map(re.escape, LEVEL_KEYS))})\"\s*:", re.IGNORECASE)
_CUT = re.compile(r" \[(\d+ more bytes left out)\]$")


def cut_mark(dropped: int) -> str:
    """What ends a line that was too long to be kept whole, of which so many bytes are missing."""
    return f" [{dropped} more bytes left out]"


def left_out(text: str) -> str:
    """How much of a line was not kept, in words; '' where it is whole."""
    match = _CUT.search(text)
    return match[1] if match else ""


def may_continue(text: str) -> bool:
    """Whether a line may go on with one before it: it is indented and states no level as a record does, or is a stack trace's."""
    text = plain(text[:_WITHIN])
    if not text or text[0].isspace():
        return not (begins_with_level(text) or _FIELDS.match(text))
    return text.startswith((_TRACEBACK, *_GOES_ON)) or bool(_GOROUTINE.match(text) or _RAISED.match(text))


def begins_trace(text: str) -> bool:
    """Whether a stack trace begins here, or what was raised is told: these stand at the margin, as records do."""
    text = plain(text[:_WITHIN])
    return text.startswith(_TRACEBACK) or _RAISED.match(text) is not None


def calm(text: str) -> bool:
    """Whether a line states a level below WARNING. A stack trace that comes right after it may be its own (`logger.info(…, exc_info=True)`)
    or, more often, nobody's: printed by who raised it."""
    return UNREAD != Said(text).stated_level < WARNING


@dataclass
class Record:
    """A record while its lines come: `texts`, the first of them written at `at_s`.

    A stack trace at the margin is of the record before it, unless that one states a level below WARNING or has its own already.
    """

    at_s: float
    texts: list[str]
    _raised: bool = field(init=False)  # it tells what was raised, or is about to:
    _open: bool = field(init=False)  # Python's trace comes before that
    _chained: bool = False  # another trace was announced

    def __post_init__(self) -> None:
        self._raised = begins_trace(self.texts[0])
        self._open = plain(self.texts[0][:_WITHIN]).startswith(_TRACEBACK)

    def takes(self, text: str, at_s: float) -> bool:
        """Take a line in, if it continues this record; whether it does."""
        if len(self.texts) > MOST_LINES or at_s - self.at_s > LONGEST_S or not may_continue(text):
            return False
        head = plain(text[:_WITHIN])
        if begins_trace(text):
            traceback = head.startswith(_TRACEBACK)
            expected = self._chained if traceback else self._open
            if not expected and (self._raised or calm(self.texts[0])):
                return False
            self._raised, self._open, self._chained = True, traceback, False
        self._chained = self._chained or head.startswith(_CHAINED)
        self.texts.append(text)
        return True
