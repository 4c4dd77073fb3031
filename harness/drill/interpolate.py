"""Values from outside the file: `${VAR}`, `${VAR:-default}`. Read as Compose reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.drill.problem import did_you_mean

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Filled:
    """A text with its variables put in: those `used` (name, value), and those `wrong` (offset in the text, why)."""

    text: str
    used: tuple[tuple[str, str], ...] = ()
    wrong: tuple[tuple[int, str], ...] = ()


def fill(text: str, env: Mapping[str, str]) -> Filled:
    """`${VAR}`, `${VAR:-default}` (also when empty), `${VAR-default}` (only when unset), `${VAR:?why}`.

    `$$` is a dollar sign; a dollar sign before anything else stays (regular expressions end with one).
    """
    out: list[str] = []
    used: list[tuple[str, str]] = []
    wrong: list[tuple[int, str]] = []
    at = 0
    while at < len(text):
        if text.startswith("$$", at):
            out.append("$")
            at += 2
        elif text.startswith("${", at):
            end = _closing(text, at + 2)
            if end < 0:
                wrong.append((at, "a '${' without its '}' (a dollar sign as such is written $$)"))
                break
            value = _value(text[at + 2 : end], env)
            out.append(value.text)
            used += value.used
            wrong += [(at, why) for _, why in value.wrong]
            at = end + 1
        else:
            out.append(text[at])
            at += 1
    return Filled("".join(out), tuple(used), tuple(wrong))


def _closing(text: str, at: int) -> int:
    depth = 1
    while at < len(text):
        if text.startswith("${", at):
            depth += 1
            at += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return -1


def _value(inner: str, env: Mapping[str, str]) -> Filled:
    match = _NAME.match(inner)
    if match is None:
        return Filled("", wrong=((0, f"'${{{inner}}}' names no variable"),))
    name, rest = match.group(0), inner[match.end() :]
    value = env.get(name)
    if rest.startswith((":-", ":?")):
        value = value or None
    elif rest and rest[0] not in "-?":
        return Filled("", wrong=((0, f"'${{{inner}}}' is not understood; write ${{{name}}} or ${{{name}:-default}}"),))
    if value is not None:
        return Filled(value, ((name, value),))
    if rest.lstrip(":").startswith("-"):
        return fill(rest.lstrip(":")[1:], env)
    why = rest.lstrip(":")[1:] or f"set it, or write ${{{name}:-default}}"
    return Filled("", wrong=((0, f"the variable {name} is not set; {why}{did_you_mean(name, env)}"),))
