"""What Grafana puts in for the variables of a dashboard's query, as its Prometheus data source does. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_VARIABLE = re.compile(r"\$\{(\w+)(?::([^}]*))?\}|\$(\w+)|\[\[(\w+)(?::([^\]]*))?\]\]")
_MATCHER = re.compile(r"""(=~|!~|!=|=)(\s*)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)""")
_OPTION = re.compile(r"(?:\\,|[^,])+")
_SPECIAL = re.compile(r"[$^*{}\[\]'+?.()|]")  # of a regular expression, without '-', which no PromQL string may escape
ALL = "$__all"
AUTO = "__auto_interval"  # how the names begin of what an interval variable stands for that is set to auto
RANGE_S = 300


@dataclass(frozen=True)
class Variable:
    """values    what is chosen; () where the file does not tell, or says All
    several   whether more may be chosen, or All: then it stands in a pattern
    verbatim  what the dashboard itself states for All
    """

    values: tuple[str, ...]
    several: bool = False
    verbatim: bool = False

    def put(self, written: str) -> str:
        """Its text in a query; `written` is the format in ${name:format}, '' for none."""
        if written in ("csv", "raw", "pipe"):
            return ("|" if written == "pipe" else ",").join(self.values)
        if self.verbatim:
            return self.values[0]
        if not self.several and written != "regex":
            return self.values[0].replace("\\", "\\\\")
        escaped = [_literal(value.replace("\\", "\\" * 4)) for value in self.values]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


NONE = Variable(())


def variables(board: Mapping[str, Any], scrape_s: float) -> dict[str, Variable]:
    """The variables of a dashboard and Grafana's own, by name. At a scrape interval $__rate_interval is four of them, as Grafana
    makes it; so is an interval set to auto, for it is what rates are taken over."""
    step_s = max(1, round(scrape_s))
    own = {
        "__rate_interval": f"{4 * step_s}s",
        AUTO: f"{4 * step_s}s",
        "__interval": f"{step_s}s",
        "__interval_ms": str(1000 * step_s),
        "__rate_interval_ms": str(4000 * step_s),
        "__range": f"{RANGE_S}s",
        "__range_s": str(RANGE_S),
        "__range_ms": str(1000 * RANGE_S),
    }
    stated = (board.get("templating") or {}).get("list") or ()
    ours = {name: Variable((value,)) for name, value in own.items()}
    found = {
        str(one["name"]): _variable(one, ours[AUTO]) for one in stated if isinstance(one, dict) and one.get("name")
    }
    return found | ours


def filled(query: str, known: Mapping[str, Variable]) -> str:
    """The query with each $name, ${name}, ${name:format} and [[name]] replaced; what a regular expression found ($1) stays.

    One without a value takes every value of the label that it is matched with. Raises ValueError where there is no such label.
    """

    def matched(found: re.Match[str]) -> str:
        operator, space, text = found.groups()
        if operator not in ("=", "=~") or all(_found(one, known).values for one in _names(text)):
            return found[0]
        return f"=~{space}{text[0]}{_pattern(text[1:-1], known, plain=operator == '=')}{text[-1]}"

    def put(found: re.Match[str]) -> str:
        name, written = _named(found)
        if name[0].isdigit():
            return found[0]
        variable = _found(name, known)
        if not variable.values:
            raise ValueError(f"its variable ${name} has no value in the file")
        return variable.put(written)

    return _VARIABLE.sub(put, _MATCHER.sub(matched, query))


def _pattern(text: str, known: Mapping[str, Variable], *, plain: bool) -> str:
    """The inside of a matcher as a pattern, every variable without a value as .*; `plain`: it was no pattern."""
    parts, at = [], 0
    for found in _VARIABLE.finditer(text):
        between = text[at : found.start()]
        parts.append(_literal(between) if plain else between)
        name, _ = _named(found)
        parts.append(found[0] if name[0].isdigit() or _found(name, known).values else ".*")
        at = found.end()
    rest = text[at:]
    return "".join((*parts, _literal(rest) if plain else rest))


def _names(text: str) -> Iterator[str]:
    return (name for found in _VARIABLE.finditer(text) if not (name := _named(found)[0])[0].isdigit())


def _named(found: re.Match[str]) -> tuple[str, str]:
    """The name of a variable where a query holds one, and its format."""
    return found[1] or found[3] or found[4], found[2] or found[5] or ""


def _found(name: str, known: Mapping[str, Variable]) -> Variable:
    return known.get(AUTO if name.startswith(AUTO) else name, NONE)


def _literal(text: str) -> str:
    """A text of a PromQL string within a pattern: two backslashes before what is special."""
    return _SPECIAL.sub(r"\\\\\g<0>", text)


def _variable(stated: Mapping[str, Any], auto: Variable) -> Variable:
    """One variable with its present value; where it has none, with the first of those that the file itself lists, as Grafana."""
    current = (stated.get("current") or {}).get("value")
    chosen = tuple(str(one) for one in (current if isinstance(current, list) else [current]) if one not in (None, ""))
    if ALL in chosen or (not chosen and stated.get("includeAll")):
        every = str(stated.get("allValue") or "")
        return Variable((every,), verbatim=True) if every else NONE
    kind, text = stated.get("type"), str(stated.get("query") or "")
    if not chosen and kind in ("interval", "custom"):
        chosen = _options(text, pairs=kind == "custom")[:1]
    elif not chosen and kind in ("constant", "textbox") and text:
        chosen = (text,)
    if kind == "interval" and chosen and (chosen[0] == "auto" or chosen[0].startswith(f"${AUTO}")):
        return auto
    return Variable(chosen, several=bool(stated.get("multi") or stated.get("includeAll") or len(chosen) > 1))


def _options(text: str, *, pairs: bool) -> tuple[str, ...]:
    """The values of a list with commas; in `pairs` each may stand behind its name: 'low : 5'."""
    found = [one.strip().replace("\\,", ",") for one in _OPTION.findall(text)]
    if pairs:
        found = [re.sub(r"^.+\s:\s(?=.)", "", one).strip() for one in found]
    return tuple(one for one in found if one)
