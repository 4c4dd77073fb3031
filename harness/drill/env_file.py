"""`--env-file`: KEY=VALUE lines, read as Compose reads them, but for a variable that is not set: Compose puts nothing there, we say so.

Source: Docker's docs, "Interpolation: .env file syntax"; compose-go dotenv/parser.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.drill.interpolate import fill
from harness.drill.problem import Invalid, Problem, shown_path

_KEY = re.compile(r"[^\S\n]*(?:export[^\S\n]+)?([A-Za-z_][A-Za-z0-9_.-]*)[^\S\n]*(?:([=:])[^\S\n]*|(?=\n|\Z))")
_QUOTED = {quote: re.compile(rf"{quote}((?:\\.|[^{quote}\\])*){quote}", re.S) for quote in "'\""}
_ESCAPED = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "$": "$$",
}
_DOLLAR = "; a dollar sign as such is written $$, or the value in single quotes"


def read_env_file(path: Path, env: Mapping[str, str]) -> dict[str, str]:
    """What the file sets; a KEY alone sets nothing. Its values may name what stands above them, and `env`, which wins. Raises Invalid."""
    values, wrong = as_compose_reads(path, env)
    if wrong:
        raise Invalid(wrong)
    return values


def as_compose_reads(path: Path, env: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """What the file sets, nothing put in for what is not set; and what is wrong with it. Raises Invalid where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Invalid([Problem(shown_path(path), 0, 0, f"the env file cannot be read: {why}")]) from None
    values: dict[str, str] = {}
    wrong: list[Problem] = []
    for number, line, key, value in _statements(text):
        filled = fill(value, {**values, **env})
        wrong += [
            Problem(shown_path(path), number, 1, f"{key}: {why}{_DOLLAR}" if key else why, line)
            for why in ([why for _, why in filled.wrong] if key else [value])
        ]
        values[key] = filled.text
    return values, wrong


def _statements(text: str) -> Iterator[tuple[int, str, str, str]]:
    """Line number, line, key, and the value as `fill` takes it; without a key, what is wrong with the line."""
    at = 0
    while at < len(text):
        number, end = text.count("\n", 0, at) + 1, _end(text, at)
        line = text[at:end]
        key = _KEY.match(text, at)
        at = end + 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if key is None:
            yield number, line, "", "not a KEY=VALUE line"
        elif key[2] and text[key.end() : key.end() + 1] in tuple(_QUOTED):
            quote = text[key.end()]
            quoted = _QUOTED[quote].match(text, key.end())
            if quoted is None:
                yield number, line, "", f"{key[1]}: no {quote} ends the value"
                return
            at = _end(text, quoted.end()) + 1
            rest = text[quoted.end() : at - 1].strip()
            if rest and not rest.startswith("#"):
                yield number, line, "", f"{key[1]}: {rest!r} stands behind the value's closing {quote}"
            yield number, line, key[1], _single(quoted[1]) if quote == "'" else _braced(_double(quoted[1]))
        elif key[2]:
            yield number, line, key[1], _braced(text[key.end() : end].partition(" #")[0].rstrip())


def _end(text: str, at: int) -> int:
    """Where the line ends that `at` is in."""
    found = text.find("\n", at)
    return found if found >= 0 else len(text)


def _single(text: str) -> str:
    """As it stands, but for an escaped quote; nothing is put in."""
    return text.replace("\\'", "'").replace("$", "$$")


def _double(text: str) -> str:
    return re.sub(r"\\(.)", lambda one: _ESCAPED.get(one[1], one[0]), text, flags=re.S)


def _braced(text: str) -> str:
    """`$NAME` as `${NAME}`: in a drill file a dollar sign alone stays, in an env file it does not."""
    return re.sub(r"\$\$|\$([A-Za-z_]\w*)", lambda one: f"${{{one[1]}}}" if one[1] else one[0], text, flags=re.A)
