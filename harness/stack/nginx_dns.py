"""Servers whose addresses an nginx asks the DNS for (`resolver`): those that it only knows as it runs. The others it reads once, as it
starts, by its hosts file. Pure."""

from __future__ import annotations

import re

KEY = "resolver"
_RESOLVER = re.compile(r"(?:^|[{;])\s*resolver\s+[^;\s]", re.MULTILINE)
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*")
_GROUP = re.compile(r"(?:^|[{;])\s*upstream\s+([\w.\-]+)\s*\{", re.MULTILINE)
_SERVER = re.compile(r"(?:^|[{;])\s*server\s+([\w.\-]+)(?::\d+)?(?=[^;{}]*\sresolve\b)[^;{}]*;", re.MULTILINE)
_PASSED = re.compile(r"(?:^|[{;])\s*\w+_pass\s+['\"]?([^\s;'\"]*\$[^\s;'\"]*)", re.MULTILINE)
_VALUE = r"(?:^|[{{;])\s*set\s+\${}\s+['\"]?([^\s;'\"]+)"
_VARIABLE = re.compile(r"(?:\w+://)?\$\{?(\w+)")
_HOST = re.compile(r"(?:\w+://)?([\w.\-]+)")


def names_resolved(body: str) -> frozenset[str]:
    """Hosts of `server … resolve`, and of a `proxy_pass` (and its like) whose value holds a variable, but for names of an `upstream`.

    ngx_http_proxy_module, proxy_pass: "the name is searched among the described server groups, and, if not found, is
    determined using a resolver"."""
    body = _COMMENT.sub("", body)
    if not _RESOLVER.search(body):
        return frozenset()
    values = [value for passed in _PASSED.findall(body) for value in _values(body, passed)]
    hosts = {host.group(1) for value in values if (host := _HOST.match(value))} - {*_GROUP.findall(body)}
    return frozenset(name.removesuffix(".") for name in (*hosts, *_SERVER.findall(body)))


def _values(body: str, passed: str) -> list[str]:
    """What is passed to: the value itself where its host is written out, else what its first variable is set to."""
    variable = _VARIABLE.match(passed)
    return re.findall(_VALUE.format(variable.group(1)), body, re.MULTILINE) if variable else [passed]
