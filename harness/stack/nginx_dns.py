"""Servers whose addresses an nginx asks the DNS for (`resolver`): those that it only knows as it runs. The others it reads once, as it
starts, by its hosts file. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from harness.stack.texts import Text

KEY = "resolver"
_BEGIN = r"(?:^|[{;])[ \t]*"
_RESOLVER = re.compile(rf"{_BEGIN}resolver\s+[^;\s]", re.MULTILINE)
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*", re.MULTILINE)
_GROUP = re.compile(rf"{_BEGIN}upstream\s+([\w.\-]+)\s*\{{", re.MULTILINE)
_SERVER = re.compile(rf"{_BEGIN}server\s+([\w.\-]+)(?::\d+)?(?=[^;{{}}]*\sresolve\b)[^;{{}}]*;", re.MULTILINE)
_PASSED = re.compile(rf"{_BEGIN}\w+_pass\s+['\"]?([^\s;'\"]+)", re.MULTILINE)
_SET = r"(?:^|[{{;])[ \t]*set\s+\${}\s+['\"]?([^\s;'\"]+)"
_MAP = r"(?:^|[{{;}}])[ \t]*(?:map|geo|split_clients)\s[^\n;]{{0,200}}\${}\s*\{{([^}}]*)\}}"
_MAPPED = re.compile(r"\S\s+['\"]?([^\s;'\"]+)['\"]?\s*;")
_DEFINED = re.compile(
    r"\b(?:set|\w+_set|js_var)\s+\$(\w+)|\b(?:map|geo|split_clients)\s[^\n;]{0,200}\$(\w+)\s*\{|\(\?P?<(\w+)>"
)
_FILLED = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_VARIABLE = re.compile(r"(?:\$?\w+://)?(\$\{?(\w+)\b\}?)(?!\}?://)")
_PLACE = re.compile(
    r"(?:\$?(\w+)://)?(?!\w+://)([\w.\-]+)(?::(\d*)|(?=[/?]|\Z|\$\{?(?:uri|request_uri|document_uri|is_args)\b))"
)
"""A scheme, a host and a port. What follows a host may be a path, and of variables those that begin with one."""
_PORTS = {"http": "80", "grpc": "80", "https": "443", "grpcs": "443"}
_UNKNOWN = "\0"


def names_resolved(configurations: Sequence[Text], read: Sequence[Text]) -> dict[str, str]:
    """Hosts of `server … resolve`, and of a `proxy_pass` (and its like) whose value holds a variable, each with where that is written.

    ngx_http_proxy_module, proxy_pass: "the name is searched among the described server groups, and, if not found, is
    determined using a resolver". A host that is written out with the same port in another `proxy_pass` is such a group, too
    (ngx_http_upstream_init_request). All files of the service count for those: which of them are included is not looked at."""
    if not any(_RESOLVER.search(_bare(text)) for text in configurations):
        return {}
    whole = "\n".join(_bare(text) for text in read if text.kind == "file" and not text.program)
    defined = {name for names in _DEFINED.findall(whole) for name in names if name}
    environment = {text.key: text.body for text in read if text.kind == "environment" and text.key not in defined}
    whole = _filled(whole, environment, defined)
    groups = {*_GROUP.findall(whole)}
    written = {(host, port) for value in _PASSED.findall(whole) if "$" not in value for host, _, port in _place(value)}
    found: dict[str, str] = {}
    for text in configurations:
        body = _filled(_bare(text), environment, defined)
        for value in (value for passed in _PASSED.findall(body) if "$" in passed for value in _values(whole, passed)):
            for host, named, port in _place(value):
                if (host in groups and not named) or any(host == one and port in ("", at) for one, at in written):
                    continue
                found.setdefault(host.removesuffix("."), text.where)
        for host in _SERVER.findall(body):
            found.setdefault(host.removesuffix("."), text.where)
    return found


def _bare(text: Text) -> str:
    return _COMMENT.sub("", text.body)


def _filled(body: str, environment: Mapping[str, str], defined: set[str]) -> str:
    """As it is when nginx reads it: what no file defines is put in before (envsubst) where the environment has it, or where its name has
    a capital, which none of nginx's own has."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2)
        if name in environment:
            return environment[name]
        return match.group() if name in defined or name.islower() else _UNKNOWN

    return _FILLED.sub(value, body)


def _values(whole: str, passed: str, above: frozenset[str] = frozenset()) -> list[str]:
    """What is passed to: the value itself where its host is written out, else with all that its first variable may be, which may be
    another's. `above`: those variables that it is of already."""
    variable = _VARIABLE.match(passed)
    if not variable:
        return [passed]
    name = variable.group(2)
    if name in above:
        return []
    values = re.findall(_SET.format(name), whole, re.MULTILINE)
    for table in re.findall(_MAP.format(name), whole, re.MULTILINE):
        values += _MAPPED.findall(table)
    whole_values = (passed[: variable.start(1)] + value + passed[variable.end(1) :] for value in values)
    return [one for value in whole_values for one in _values(whole, value, above | {name})]


def _place(value: str) -> list[tuple[str, bool, str]]:
    """The host, whether a port is named beside it, and the port ('': unknown), or nothing where it is not known."""
    place = _PLACE.match(value)
    if not place:
        return []
    scheme, host, port = place.groups()
    return [(host, port is not None, _PORTS.get(scheme or "", "") if port is None else port)]
