"""Mentions of services in text: `name:port`, URLs, host keys. Pure; liberal on purpose.

A false mention does no harm: an edge forwards every port that its dependency listens on. A missed one only means an
edge
that nobody can hurt until it is declared.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.stack.speaks import default_port, scheme
from harness.stack.texts import Text

_HOSTISH = re.compile(
    r"host|server|addr|url|uri|dsn|endpoint|broker|upstream|backend|node|peer|master|primary|replica|bootstrap|connect|target"
    r"|remote|seed|contact|cluster|origin|proxy_pass|gateway|(?:^|[_-])(?:service|svc|db|api|redis|cache|queue|mq)$",
    re.IGNORECASE,
)
_NOT_A_HOST = re.compile(
    r"(?:user|username|password|database|db_?name|dbname|mode|type|driver|dialect|engine"
    r"|(?:postgres\w*|pg|mysql|mariadb|mongo\w*|clickhouse|influx\w*|initdb|init)_db)$",
    re.IGNORECASE,
)
_URL = re.compile(r"([a-z][a-z0-9+.\-]*)://(?:[^\s/@'\"<>]*@)?$", re.IGNORECASE)
_URL_LIST = re.compile(r"([a-z][a-z0-9+.\-]*)://[^\s/'\"<>]*,$", re.IGNORECASE)
_AT = re.compile(r"@(?:tcp\()?$|\btcp\($")
_PORT = re.compile(r":(\d{1,5})(?![\d.])")
_SPACED_PORT = re.compile(r"['\"]?[ \t]+['\"]?(\d{2,5})\b(?!\.)")
_OPTION = re.compile(
    r"(?:^|\s)(?:--?[\w-]*(?:host|server|addr|url|node|peer|broker)[\w-]*|-h|-H)(?:=|\s+)['\"]?$", re.IGNORECASE
)
_KEY = re.compile(r"([$\w.\-]+)['\"\])]*\s*(?:=>|:=|=|:|\s)\s*[\[({]?\s*['\"]?$")
_ARGUMENT = re.compile(r"""['"]([\w.\-]+)['"]\s*,\s*['"]$""")
"""The name of a setting as the argument before: define('DB_HOST', 'db')."""
_ARGUMENT_ALONE = re.compile(r"(?:^|(?:^|\s)[^-\s]\S*\s+)$")
"""An address as an argument of its own is called (`idle 10.0.0.20`), one that an option takes need not be (`--allow-ips 10.0.0.20`)."""
_CALL = re.compile(r"""(?:^|[^\w])(?:\w*connect\w*|add_?servers?|set_?host|mysqli)\(+\s*['"]$""", re.IGNORECASE)
"""A function that takes a host first: mysqli_connect('db', …), addServer("cache", 11211)."""
_NEXT_PORT = re.compile(r"""['"]\s*,\s*(\d{2,5})\b""")
_IMAGE = re.compile(r"(?:image['\"]?\s*[:=]\s*['\"]?|^\s*FROM\s+)(?:[\w.\-]+/)*$", re.IGNORECASE | re.MULTILINE)
_NEAR_PORT = re.compile(r"port['\"\]]*\s*(?:=>|[:=]|\s)\s*['\"]?(\d{2,5})\b", re.IGNORECASE)
_LOOPBACK = re.compile(r"(?<![\w.\-])(?:localhost|127\.0\.0\.1|\[::1\]):(\d{1,5})(?!\d)")
_ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]|/\d)")


@dataclass(frozen=True)
class Mention:
    """One place where a text names a service. `strong` when it is certainly an address; `speaks` is a URL's scheme."""

    name: str
    where: str
    strong: bool
    port: int | None = None
    speaks: str = ""


def mentions(text: Text, names: Iterable[str], environment: Mapping[str, str]) -> Iterator[Mention]:
    """Every mention of one of the names in one text. `environment` is all of the service's, to find a port beside a
    host."""
    present = [name for name in names if name and name in text.body]
    if not present:
        return
    alternatives = "|".join(re.escape(name) for name in sorted(present, key=len, reverse=True))
    for hit in re.finditer(rf"(?<![\w.\-$])(?:{alternatives})(?![\w\-]|\.\w)", text.body):
        yield _classified(text, hit, environment)


def _classified(  # noqa: PLR0911 - from the surest sign to none
    text: Text, hit: re.Match[str], environment: Mapping[str, str]
) -> Mention:
    name, body = hit.group(), text.body
    before, after = body[max(0, hit.start() - 160) : hit.start()], body[hit.end() : hit.end() + 200]
    line = before.rsplit("\n", 1)[-1]
    port = _PORT.match(after)
    url = _URL.search(before) or _URL_LIST.search(before)
    if url:
        number = int(port.group(1)) if port else default_port(url.group(1))
        return Mention(name, text.where, True, _valid(number), scheme(url.group(1)))
    if port and not _IMAGE.search(before):
        return Mention(name, text.where, True, _valid(int(port.group(1))))
    if _AT.search(before):
        return Mention(name, text.where, True)
    spaced = _SPACED_PORT.match(after)
    if _OPTION.search(line):
        return Mention(name, text.where, True, _valid(int(spaced.group(1))) if spaced else _near(after))
    if text.kind == "environment":
        listed = name in re.split(r"[\s,;|]+", body.strip())
        strong = listed and bool(_HOSTISH.search(text.key)) and not _NOT_A_HOST.search(text.key)
        return Mention(name, text.where, strong, _beside(text.key, environment) if strong else None)
    if _CALL.search(line):
        beside = _NEXT_PORT.match(after)
        return Mention(name, text.where, True, _valid(int(beside.group(1))) if beside else None)
    key = _KEY.search(line) or _ARGUMENT.search(line)
    if key and _HOSTISH.search(key.group(1)) and not _NOT_A_HOST.search(key.group(1)):
        return Mention(name, text.where, True, _valid(int(spaced.group(1))) if spaced else _near(after))
    if spaced and text.kind == "command":
        return Mention(name, text.where, True, _valid(int(spaced.group(1))))
    if (
        text.kind == "command"
        and _ADDRESS.fullmatch(name)
        and _ARGUMENT_ALONE.search(before)
        and after[:1] in ("", " ")
    ):
        return Mention(name, text.where, True)
    return Mention(name, text.where, False)


def _valid(port: int | None) -> int | None:
    return port if port and 0 < port < 65536 else None


def _near(after: str) -> int | None:
    found = _NEAR_PORT.search(after)
    return _valid(int(found.group(1))) if found else None


def _beside(key: str, environment: Mapping[str, str]) -> int | None:
    """The port in a second variable: DB_HOST and DB_PORT, REDIS and REDIS_PORT."""
    swapped = re.sub(
        r"host(?:name)?|server|addr(?:ess)?",
        lambda m: "PORT" if m.group().isupper() else "port",
        key,
        flags=re.IGNORECASE,
    )
    for other in (swapped, f"{key}_PORT", f"{key}_port"):
        value = str(environment.get(other, "")).strip()
        if other != key and value.isdigit():
            return _valid(int(value))
    return None


def loopback_ports(text: Text) -> tuple[int, ...]:
    """Ports that a text reaches over its own loopback."""
    return tuple(int(found) for found in _LOOPBACK.findall(text.body))


def addresses(text: Text) -> frozenset[str]:
    """Every IPv4 address written in a text."""
    return frozenset(_ADDRESS.findall(text.body))


def addressed(read: Iterable[Text], names: Collection[str]) -> Iterator[Mention]:
    """Where texts of one service certainly call one of these names or addresses: with a port, in a URL, as a host's setting.

    One in a list of trusted proxies, in a README or in a firewall's rules is not called.
    """
    texts = tuple(read)
    environment = {text.key: text.body for text in texts if text.kind == "environment"}
    return (said for text in texts for said in mentions(text, names, environment) if said.strong)
