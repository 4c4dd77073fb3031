"""Inputs made worse: bits, bytes, lines and values, as a torn disk, another version or an intruder would leave them."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

DEEP = 2000
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**70), 1e308, -0.0, float("nan"), float("inf"), "", " ", "0", "-1", "NaN",
    "1e999", "9" * 30, "x" * 3000, [], {}, [[]], [None], {"": None}, {"a": []}, "\x00", "\ud800", "\u202e", "../../../etc/passwd",
    "/etc/passwd", "<script>alert(1)</script>", "\x1b]0;x\x07", "${HOME}", "!!python/object/apply:os.system ['true']", "a\nb", "::", "[::1",
    "%s%n", "2026-02-30T25:61:00Z", "0001-01-01T00:00:00Z", "1h1", "P1D", "\u0663", "²",
)  # fmt: skip
TOKENS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n", b'"', b"'", b"{", b"}", b"[", b"]", b":", b": ", b"- ", b"&a ", b"*a", b"<<: ",
    b"!!python/name:os.system ", b"|", b">", b"#", b"---\n", b"...", b"%YAML 9.9\n", b"\\u", b"\\ud800", b"\xed\xa0\x80", b"-", b"1e999",
    b"NaN", b"Infinity", b"9" * 400, b"[" * DEEP, b'{"a":' * DEEP, b"(" * DEEP, b"A" * 5000, b"\x1b[2J", b"${", b"$", b"\xc2\x85", b"\xe2\x80\xa8",
    b"\t", b"0x", b"0o17", b"1:30:00", b"\x7f", b"=", b",", b"/../", b"\\", b"true", b"null",
)  # fmt: skip


def mutated(seed: bytes, random: Random, other: bytes = b"") -> bytes:
    """One to four changes; `other` is an input of the same kind that parts are taken from."""
    data = seed
    for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
        data = random.choice(CHANGES)(data, random, other or seed)
    return data


def _bit(data: bytes, random: Random, other: bytes) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _cut(data: bytes, random: Random, other: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _without(data: bytes, random: Random, other: bytes) -> bytes:
    first, last = _span(data, random)
    return data[:first] + data[last:]


def _twice(data: bytes, random: Random, other: bytes) -> bytes:
    first, last = _span(data, random)
    return data[:last] + data[first:last] * random.choice((1, 2, 20)) + data[last:]


def _token(data: bytes, random: Random, other: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(TOKENS) + data[at:]


def _mixed(data: bytes, random: Random, other: bytes) -> bytes:
    first, last = _span(other, random)
    at = random.randrange(len(data) + 1)
    return data[:at] + other[first:last] + data[at:]


def _lines(data: bytes, random: Random, other: bytes) -> bytes:
    lines = data.split(b"\n")
    one, two = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            lines[one], lines[two] = lines[two], lines[one]
        case 1:
            del lines[one]
        case 2:
            lines.insert(two, lines[one])
        case _:
            random.shuffle(lines)
    return b"\n".join(lines)


def _scalar(data: bytes, random: Random, other: bytes) -> bytes:
    """A value after 'key: ' replaced, as YAML and TOML have them."""
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    for mark in (b": ", b" = ", b"- "):
        if mark in lines[at]:
            value = json.dumps(random.choice(VALUES)).encode()
            lines[at] = lines[at].partition(mark)[0] + mark + (value if random.random() < 0.5 else value.strip(b'"'))
            break
    return b"\n".join(lines)


def _value(data: bytes, random: Random, other: bytes) -> bytes:
    """A value inside of JSON, of the whole or of a line, replaced, removed, or put one level deeper."""
    lines = data.split(b"\n")
    for which in (None, random.randrange(len(lines))):
        text = data if which is None else lines[which]
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            continue
        worse = json.dumps(_worse(told, random), ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
        return worse if which is None else b"\n".join([*lines[:which], worse, *lines[which + 1 :]])
    return _token(data, random, other)


def _worse(told: Any, random: Random) -> Any:
    if not isinstance(told, (dict, list)) or not told or random.random() < 0.15:
        return random.choice((random.choice(VALUES), [told], {"a": told}))
    told = told.copy()
    key = random.choice(list(told)) if isinstance(told, dict) else random.randrange(len(told))
    match random.randrange(8):
        case 0:
            del told[key]
        case 1 if isinstance(told, dict):
            told[random.choice(("", "a", "\ud800", "../x", *told))] = told[key]
        case 1:
            told.insert(0, told[key])
        case _:
            told[key] = _worse(told[key], random)
    return told


def _span(data: bytes, random: Random) -> tuple[int, int]:
    first = random.randrange(len(data) + 1)
    return first, min(len(data), first + random.choice((1, 2, 8, 64, 512)))


Change = Callable[[bytes, Random, bytes], bytes]
CHANGES: tuple[Change, ...] = (
    _bit, _cut, _without, _twice, _token, _mixed, _lines, _scalar, _scalar, _value, _value, _value, _value,
)  # fmt: skip
