"""Passwords, and what stands beside them, in a text that a program is given whole: connection strings of .NET, ODBC, libpq, JDBC, Redis and
Go's MySQL, JAAS, a JVM's options, JSON. URLs aside: see harness.masking. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.masking import is_stand_in
from harness.secret_names import is_setting

_SECRET = re.compile(
    r"(?:passw(?:or)?ds?|passphrase|secret)(?:[_-]?key)?\d{0,3}(?:[_-][a-z0-9]{1,30}){0,2}$"
    r"|(?<![a-z])(?:pass|pwd)$|token$|(?:access|account|api|private|shared|signing)[_-]?key$",
    re.IGNORECASE,
)
"""`PASSWORD_ORDERS` too, whose it is; no `password.required`, `PasswordAuthentication`."""
_KEY = re.compile(r"(?<![\w.-])([\w.-]{1,80})\s{0,2}=\s{0,2}")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.|'')*)'|\"((?:[^\"\\]|\\.|\"\")*)\"", re.DOTALL)
_ENDS = {
    ";": re.compile(r"[^;\n]*"),
    ",": re.compile(r"[^,\s]*"),
    "?": re.compile(r"[^&;#\s]*"),
    "&": re.compile(r"[^&;#\s]*"),
}
"""How far a value goes, by what stands before its key."""
_VARIABLE = re.compile(r"(?!(?:PWD|PASSWORD)\Z)[A-Z][A-Z0-9_]*")
"""Of a shell, where a semicolon ends a command."""
_ELSE = re.compile(r"\S*")
_JSON = re.compile(r"\"([\w.-]{1,80})\"\s{0,4}:\s{0,4}(\"(?:[^\"\\]|\\.)*\")")
_LOGINS = (
    re.compile(
        r"(?<![^\s\"'=])([^\s:/@\"'=]{1,100}):(?!//)(\S{1,500}?)@(?:\w{1,20}\(([^\s)]{0,200})\))?/([^\s?\"']{0,200})"
    ),
    re.compile(r"\bthin:([^\s/@]{1,100})/([^\s@]{1,200})@([^\s]{0,200})"),
    re.compile(r"\A(?!sips?:)([^\s:/@]{1,100}):([^\s/@]{1,200})@([\w.-]{1,200}):\d{1,5}(?:/(\S{0,200}))?\Z"),
)
"""`user:password@tcp(host:port)/db`, as Go's MySQL has it; Oracle's `thin:user/password@host`; `user:password@host:port`."""


@dataclass(frozen=True)
class Told:
    """`beside`: users, hosts, databases."""

    passwords: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


def read(text: str) -> Told:
    """What a text tells. Nothing is beside a password that is not there."""
    passwords: list[str] = []
    beside: list[str] = []
    for key, values in (*_pairs(text), *_members(text)):
        if not _SECRET.search(key):
            beside += values
        elif not is_setting(key, values[0]):
            passwords += values
    for login in _LOGINS:
        for match in login.finditer(text):
            passwords.append(match[2])
            beside += (one for one in (match[1], *match.groups()[2:]) if one)
    told = tuple(dict.fromkeys(one for one in passwords if one and not is_stand_in(one)))
    return Told(told, tuple(dict.fromkeys(beside)) if told else ())


def _pairs(text: str) -> Iterator[tuple[str, list[str]]]:
    for match in _KEY.finditer(text):
        before = text[: match.start()].rstrip(" ")[-1:]
        yield match[1], _values(text, match.end(), "" if _VARIABLE.fullmatch(match[1]) else before)


def _values(text: str, start: int, before: str) -> list[str]:
    """What stands at a place; two where a semicolon may end it or not."""
    if quoted := _QUOTED.match(text, start):
        inner = quoted[0][1:-1]
        return list(dict.fromkeys((inner, re.sub(r"\\(.)|''|\"\"", lambda one: one[1] or one[0][0], inner))))
    end = _ENDS.get(before, _ELSE).match(text, start)
    value = end[0].strip().rstrip("\"')") if end else ""
    return list(dict.fromkeys((value.partition(";")[0], value.rstrip(";"))))


def _members(text: str) -> Iterator[tuple[str, list[str]]]:
    for match in _JSON.finditer(text):
        try:
            yield match[1], [str(json.loads(match[2]))]
        except ValueError:
            continue
