"""Secrets in text: found by what they look like, or by their value, and shown only as what kind they are. Pure.

What they look like: a bearer token, a password in a URL or behind `password=`, a private key, an AWS access key, a payment card's number
(issuer's prefix, length, Luhn's check digit). Digits inside a longer number, a fraction or a word are no card.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.secret_names import KEPT
from harness.secret_words import standing
from harness.spellings import encoded, written

SHORTEST = 6
"""A value of fewer characters (`true`, `5432`, `admin`) stands in logs by chance."""
_CARD = (
    r"(?<=4)\d{3}(?P<a>[ -]?)\d{4}(?P=a)\d{4}(?P=a)\d{4}|(?<=4)\d{12}"
    r"|(?:(?<=5)[1-5]\d\d|(?<=2)[2-7]\d\d|(?<=6)(?:011|5\d\d))(?P<b>[ -]?)\d{4}(?P=b)\d{4}(?P=b)\d{4}"
    r"|(?<=3)[47]\d\d(?P<c>[ -]?)\d{6}(?P=c)\d{5}"
)
_STAND_IN = r"[\[({]*(?i:\*+|x+|(?:%2A)+|redacted|filtered|masked|hidden|removed)[\])}]*|\$[A-Z_][A-Z0-9_]*|\$?\{+[\w.]+\}+|\$\([\w.]+\)"
"""What stands for a password that was taken out, or not put in yet. No other word in square brackets: a run's own logs have the name
of a secret there, which tells that it was logged (harness/run/scrub.py)."""
_END = r"\s;&,\"'<>()\[\]{}\\"
_VARIABLE = r"\$[A-Z_][A-Z0-9_]*|%[A-Z_][A-Z0-9_]*%"
_BOUND = rf"{_VARIABLE}|\$\d+(?:::\w+)?|[:@][A-Za-z_]+\d{{0,2}}(?:::\w+)?"
"""What a value is put in for, behind `password=`: `$DB_PASSWORD1`, `%DB_PASSWORD1%`, `$1`, `:password1`, `@password1`."""
_BRACKETED = rf"{_VARIABLE}|[$#%@]?[\[({{<]+(?:[\w.-]|:(?!-))*[\])}}>]+s?"
"""And within quotes: `$DB_PASSWORD1`, `${db.password1}`, `%(password1)s`, `[PASSWORD_1]`; no `${DB_PASSWORD:-hunter2}`, which shows one."""


def _typed(out: str, end: str, put_in: str, escapes: str = "") -> str:
    """A password as people and machines make them, of any characters but these, a letter and a digit in it: no `required`, no `null`, nothing
    that is put in later, nothing half masked, no object of Java's (`Password@1b2c3d4e`), no pointer, no place where one is kept."""
    one, once = f"(?:[^{out}]{escapes})", "" if escapes else "+"  # one try alone, where that is one character
    coded = rf"|%[0-9a-fA-F]{{2}}|%(?![0-9a-fA-F]{{2}}){escapes}"  # the digits of `%5BFILTERED%5D` are none
    made = rf"(?=(?:[^{out}%\d]{coded}){{0,99}}\d)(?=(?:[^{out}%A-Za-z]{coded}){{0,99}}[A-Za-z])"
    none = rf"(?!{KEPT}|0x[0-9a-f]{{6,16}}(?!\w)|(?:{put_in})(?:{end}))(?![\w.$]{{0,200}}@[0-9a-f]{{5,8}}\b)"
    whole = rf"(?!{one}{{0,199}}?(?:\*{{3}}|(?:%2[Aa]){{3}}))"
    return rf"{made}{none}{whole}{one}{{6,200}}{once}(?={end})"


_QUOTED = "|".join(
    f"{quote}{_typed(out, quote, _BRACKETED, escapes)}"
    for quote, out, escapes in (
        ('"', r"\"\\\s", r"|\\u[0-9a-fA-F]{4}|\\[^u\s]"),
        ("'", r"'\\\s", ""),
        (r"\\\"", r"\"\\\s", ""),
        (r"\\'", r"'\\\s", ""),
    )
)
"""Within quotes it runs to the closing one; what has a space in it is read as without them."""
_BARE = _typed(f"{_END}`", rf"[{_END}]|\Z", _BOUND)
_STATED = rf"(?:\s?=\s?|\\?[\"']\s?:\s?(?=\\?[\"']))(?:{_QUOTED}|(?:\\?[\"'])?{_BARE})"
KINDS: tuple[tuple[str, str], ...] = (
    (
        "private key",
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[A-Za-z0-9+/=\s\\]*(?:-----END (?:[A-Z]+ )*PRIVATE KEY-----)?",
    ),
    ("password in a URL", rf"://[^\s/:@\"'<>]*:(?!(?:{_STAND_IN})@)[^\s/@\"'<>]+@"),
    ("password", rf"[Pp]assword{_STATED}"),
    ("password", rf"PASSWORD{_STATED}"),
    ("bearer token", r"[Bb]earer (?!\*|<|\[|null|none|token\b|(?i:x+|redacted)\b)[A-Za-z0-9_\-.~+/]{16,}=*"),
    ("AWS access key", r"A(?<!\w.)(?:KIA|SIA)[A-Z0-9]{16}\b"),
    ("card number", rf"[2-6](?<![\w.\-+/].)(?:{_CARD})(?![\w\-/]|\.\d)"),
)
_PASSWORD = re.compile(r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}://[^\s/:@]{0,200}:([^\s/@]{1,500})@", re.IGNORECASE)
_PATTERNS = tuple((kind, re.compile(pattern)) for kind, pattern in KINDS)
_EITHER = re.compile(r"\[(\w)(\w)\](.*)", re.DOTALL)
BYTES = tuple(
    (kind, re.compile(one.encode()))
    for kind, pattern in KINDS
    for either in [_EITHER.fullmatch(pattern)]
    for one in ([first + either[3] for first in either.group(1, 2)] if either else [pattern])
)
"""The same to look through bytes with, several for a kind whose first letter has either case: text that is always the same is
found ten times faster. A card's number is one only by its check digit (see `is_secret`)."""


@dataclass(frozen=True)
class Secret:
    """A secret of the stack's own: `name` says where it stands. Its value is never shown, in a traceback neither.

    `public`: the value names something as well, so that it is a secret only where one stands (see harness.secret_words).
    """

    name: str
    value: str = field(repr=False)
    public: bool = False

    def found_in(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the value is this secret, however it is written, from start to end."""
        for value in self.written():
            if value in text:
                yield from (match.span(1) for match in standing(value, self.public).finditer(text))
        for code in self.encoded():
            if code in text:
                yield from (match.span() for match in re.finditer(re.escape(code), text))

    def written(self) -> tuple[str, ...]:
        """The value, and as it reads in a URL and in JSON; what is shorter than a secret is none."""
        return tuple(one for one in written(self.value) if len(one) >= SHORTEST) if len(self.value) >= SHORTEST else ()

    def encoded(self) -> tuple[str, ...]:
        """What stands of it in base64, where nothing else does by chance."""
        return encoded(self.value, self.public) if len(self.value) >= SHORTEST else ()


@dataclass(frozen=True)
class Found:
    """What a text holds from start to end: `kind` is one of KINDS, or the name of one of the stack's own secrets."""

    kind: str
    start: int
    end: int


def is_secret(kind: str, text: str) -> bool:
    """Whether what a pattern found is one: a card's number has a check digit."""
    return kind != "card number" or luhn(text)


def is_stand_in(text: str) -> bool:
    """Whether it stands for a password that was taken out, or not put in yet."""
    return re.fullmatch(_STAND_IN, text) is not None


def luhn(text: str) -> bool:
    """Whether the digits of a text end with the check digit that ISO/IEC 7812-1 (Luhn's formula) asks for."""
    digits = [int(digit) for digit in text if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return bool(digits) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def find(text: str, own: Sequence[Secret] = ()) -> list[Found]:
    """Every secret in the text, in order; of those that overlap the first, then the longest."""
    return list(_apart(sorted((*_own(text, own), *_look_alikes(text)), key=_place)))


def masked(text: str, own: Sequence[Secret] = ()) -> str:
    """The text with each secret as `[bearer token]`."""
    return _marked(text, find(text, own))


def hidden(text: str, own: Iterable[Secret]) -> str:
    """The text without the stack's own secrets alone."""
    return _marked(text, list(_apart(sorted(_own(text, own), key=_place))))


def password_in(text: str) -> str:
    """The password of a URL (`scheme://user:password@host`); '' when it has none."""
    match = _PASSWORD.match(text)
    return match.group(1) if match else ""


def passwords_in(text: str) -> list[str]:
    """Those of every URL in a text."""
    return [match.group(1) for match in _PASSWORD.finditer(text)]


def _own(text: str, own: Iterable[Secret]) -> Iterator[Found]:
    for secret in own:
        yield from (Found(secret.name, start, end) for start, end in secret.found_in(text))


def _look_alikes(text: str) -> Iterator[Found]:
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if is_secret(kind, match.group()):
                yield Found(kind, match.start(), match.end())


def _place(found: Found) -> tuple[int, int, str]:
    return found.start, -found.end, found.kind


def _apart(found: Sequence[Found]) -> Iterator[Found]:
    end = 0
    for one in found:
        if one.start >= end:
            end = one.end
            yield one


def _marked(text: str, found: Sequence[Found]) -> str:
    for one in reversed(found):
        text = f"{text[: one.start]}[{one.kind}]{text[one.end :]}"
    return text
