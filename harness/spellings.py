"""How else others write a value: inside of a URL and of JSON, and in base64 (`Authorization: Basic`). Pure."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote

from harness.secret_words import is_word

_SAFE = ("", "/", "!*'()", "!$&'()*+,;=")
"""What is left as it is in a URL: by most, by Python, by JavaScript, and in a password by Go."""
_OCTET = re.compile(r"%[0-9A-F]{2}")


@lru_cache(maxsize=1024)
def written(value: str) -> tuple[str, ...]:
    """It, and as it reads in text."""
    told = [value, unquote(value)]
    for plain in told[:]:
        told += [json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1]]
        quoted = [quote_plus(plain, errors="replace"), *(quote(plain, safe, errors="replace") for safe in _SAFE)]
        told += [*quoted, *(_OCTET.sub(lambda octet: octet[0].lower(), one) for one in quoted)]
    return tuple(dict.fromkeys(told))


@lru_cache(maxsize=1024)
def encoded(value: str, public: bool) -> tuple[str, ...]:
    """What base64 always has of it, whatever stands before and behind; of what others encode as well, a word or a name (`public`), at the
    end of `user:word`."""
    plain = unquote(value)
    found = _whole(f":{plain}") if public or is_word(plain) else _within(plain)
    return tuple(dict.fromkeys(one for code in found for one in (code, code.replace("+", "-").replace("/", "_"))))


def _whole(text: str) -> Iterator[str]:
    yield from (_code(text, before)[_cut(before) :] for before in range(3))


def _within(text: str) -> Iterator[str]:
    """Without the characters that hold some of what stands beside it: each stands for six bits."""
    length = len(text.encode(errors="replace"))
    yield from (_code(text, before)[_cut(before) : (before + length) * 8 // 6] for before in range(3))


def _code(text: str, before: int) -> str:
    return b64encode(bytes(before) + text.encode(errors="replace")).decode().rstrip("=")


def _cut(before: int) -> int:
    """How many characters hold some of the bytes before it."""
    return -(-before * 8 // 6)
