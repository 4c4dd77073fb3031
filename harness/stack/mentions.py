"""Mentions of services in text: `name:port`, URLs, host keys. Pure.

Liberal where a name may be an address: an edge too many forwards every port that its dependency listens on, and a missed
one only means an edge that nobody can hurt until it is declared. What is certainly none (`no_host`) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from harness.stack import no_host
from harness.stack.dns_sd import asked_of_dns
from harness.stack.speaks import default_port, scheme
from harness.stack.texts import Text

_HOSTISH = re.compile(
    r"host|server|addr|url|uri|dsn|endpoint|broker|upstream|backend|node|peer|master|primary|replica|bootstrap|connect|target"
    r"|remote|seed|sentinel|contact|cluster|origin|proxy_pass|gateway|data ?source"
    r"|(?:^|[_-])(?:service|svc|db|api|redis|cache|queue|mq)$",
    re.IGNORECASE,
)
_KIND = re.compile(
    r"(?:^|[_.\-])(?:zk|zoo\w*|kafka|rabbit\w*|nats|mongo\w*|postgres\w*|pg|mysql|mariadb|memcached?|elastic\w*|es|search|smtp|mail"
    r"|minio|s3|cassandra|sql)$",
    re.IGNORECASE,
)
"""What a variable is called after that holds nothing but a dependency's name."""
_URL = re.compile(r"([a-z][a-z0-9+.\-]*)://(?:[^\s/@'\"<>]*@)?$", re.IGNORECASE)
_URL_LIST = re.compile(r"([a-z][a-z0-9+.\-]*)://[^\s/'\"<>]*,$", re.IGNORECASE)
_LOGIN = re.compile(r"(?:^|[^\w])(?!mailto:)[\w.%+$}\-]+:[^\s/@'\"<>]*@$|@?\btcp\($", re.IGNORECASE)
_USER = re.compile(r"[\w.%+$}\-]@$")
_PORT = re.compile(r":(\d{1,5})(?![\d.])")
_PATH_PORT = re.compile(r"/(\d{1,5})\b")
_COMMA_PORT = re.compile(r",\s*(\d{2,5})\b(?!\.)")
"""SQL Server's way: Server=tcp:db,1433."""
_SPACED_PORT = re.compile(r"['\"]?[ \t]+['\"]?(\d{2,5})\b(?!\.)")
_OPTION = re.compile(
    r"(?:^|\s)(?:--?[\w-]*(?:host|server|addr|url|node|peer|broker)[\w-]*|-h|-H)(?:=|\s+)['\"]?$", re.IGNORECASE
)
_LONG_OPTION = re.compile(r"(?:^|\s)--([\w.\-]+)(?:=|\s+)['\"]?$")
_KEY = re.compile(
    r"(?<![$\w.\-])((?:data )?[$\w.\-]+)['\"\])]*\s*(?:=>|:=|=|:)\s*"
    r"(?:[\[({]?\s*['\"]?(?:tcp:|np:)?(?:[\w.\-]+(?::\d+)?,)*|[\[(]\s*(?:['\"]?[\w.\-:/]+['\"]?\s*,\s*)+['\"]?)$",
    re.IGNORECASE,
)
"""The name of a setting and what may stand before a host in its value, other hosts of a list among it."""
_DIRECTIVE = re.compile(r"(?:^|[{;])\s*(?!(?:backend|upstream)\s)([\w.\-]+)[ \t]+[\[({]?['\"]?$")
"""`server db;`: in a configuration, where a line or a block begins. `upstream db` and `backend db` are labels."""
_ARGUMENT = re.compile(r"""\(\s*['"]([\w.\-]+)['"]\s*,\s*['"]$""")
"""The name of a setting as the argument before: define('DB_HOST', 'db')."""
_ARGUMENT_ALONE = re.compile(r"(?:^|(?:^|\s)[^-\s]\S*\s+)$")
"""An address as an argument of its own is called (`idle 10.0.0.20`), one that an option takes need not be (`--allow-ips 10.0.0.20`)."""
_CALL = re.compile(r"""(?:^|[^\w])(?:\w*connect\w*|add_?servers?|set_?host|mysqli)\(+\s*['"]$""", re.IGNORECASE)
"""A function that takes a host first: mysqli_connect('db', …), addServer("cache", 11211)."""
_NEXT_PORT = re.compile(r"""['"]\s*,\s*(\d{2,5})\b""")
_NEAR_PORT = re.compile(r"port['\"\]]*\s*(?:=>|[:=]|\s)\s*['\"]?(\d{2,5})\b", re.IGNORECASE)
_LOOPBACK = re.compile(r"(?<![\w.\-])(?:localhost|127\.0\.0\.1|\[::1\]):(\d{1,5})(?!\d)")
_ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]|/\d)")


@dataclass(frozen=True)
class Mention:
    """One place where a text names a service. `strong` when it is certainly an address; `speaks` is a URL's scheme; `written` is
    the name as it stands there, for a resolver ignores case."""

    name: str
    where: str
    strong: bool
    port: int | None = None
    speaks: str = ""
    written: str = ""


def mentions(text: Text, names: Iterable[str], environment: Mapping[str, str]) -> Iterator[Mention]:
    """Every mention of one of the names in one text. `environment` is all of the service's, to find a port beside a
    host."""
    body = text.body.lower()
    present = [name for name in names if name and name.lower() in body]
    if not present:
        return
    known = {name.lower(): name for name in present} | {name: name for name in present}
    alternatives = "|".join(re.escape(name) for name in sorted(present, key=len, reverse=True))
    for hit in re.finditer(rf"(?<![\w.\-$])(?:{alternatives})(?![\w\-]|\.\w)", text.body, re.IGNORECASE):
        found = _classified(text, hit, environment)
        if found is not None:
            written = hit.group()
            yield replace(found, name=known.get(written) or known[written.lower()], written=written)
    for written, port in asked_of_dns(text).items():
        if name := known.get(written) or known.get(written.lower()):
            yield Mention(name, text.where, True, _valid(port), written=written)


def _classified(  # noqa: PLR0911 - from the surest sign to none
    text: Text, hit: re.Match[str], environment: Mapping[str, str]
) -> Mention | None:
    """What one place says of the name; None where that is nothing, or certainly no host."""
    name, body = hit.group(), text.body
    before, after = body[max(0, hit.start() - 160) : hit.start()], body[hit.end() : hit.end() + 200]
    line = before.rsplit("\n", 1)[-1]
    if no_host.credential_or_scheme(before, after):
        return None
    port = _PORT.match(after)
    url = _URL.search(before) or _URL_LIST.search(before)
    if url:
        number = int(port.group(1)) if port else default_port(url.group(1))
        return Mention(name, text.where, True, _valid(number), scheme(url.group(1)))
    if no_host.image(text, hit.start(), hit.end()):
        return None
    if port:
        return Mention(name, text.where, True, _number(port))
    if (before.endswith(("@", "(")) and _LOGIN.search(before)) or (text.kind != "file" and _USER.search(before)):
        return Mention(name, text.where, True)
    device = _PATH_PORT.match(after) if before.endswith("/dev/tcp/") else None
    if device:
        return Mention(name, text.where, True, _number(device))
    if _OPTION.search(line):
        return Mention(name, text.where, True, _after(after))
    if text.kind == "environment":
        return _of_a_variable(text, name, before, after, environment)
    return _of_a_command(text, name, before, after) if text.kind == "command" else _of_a_file(text, name, line, after)


def _of_a_variable(text: Text, name: str, before: str, after: str, environment: Mapping[str, str]) -> Mention | None:
    inner = _KEY.search(before)  # Server=db;Database=shop, host=db port=5433, {"host": "db"}
    if inner and _HOSTISH.search(inner.group(1)) and not no_host.SETTING.search(inner.group(1)):
        return Mention(name, text.where, True, _after(after))
    if no_host.SETTING.search(inner.group(1) if inner else text.key) or before.endswith("/"):
        return None
    if name not in _items(text.body) or not (_HOSTISH.search(text.key) or _called_so(text.key, name)):
        return Mention(name, text.where, False)
    return Mention(name, text.where, True, _number(_COMMA_PORT.match(after)) or _beside(text.key, environment))


def _of_a_command(text: Text, name: str, before: str, after: str) -> Mention | None:
    line = before.rsplit("\n", 1)[-1]
    spaced = _SPACED_PORT.match(after)
    key = _KEY.search(line) or _ARGUMENT.search(line) or _LONG_OPTION.search(line)
    setting = bool(key and no_host.SETTING.search(key.group(1)))
    if key and not setting and (_HOSTISH.search(key.group(1)) or _called_so(key.group(1), name)):
        return Mention(name, text.where, True, _after(after))
    if _CALL.search(line):
        return Mention(name, text.where, True, _number(_NEXT_PORT.match(after)))
    if spaced:
        return Mention(name, text.where, True, _number(spaced))
    if _ADDRESS.fullmatch(name) and _ARGUMENT_ALONE.search(before) and after[:1] in ("", " "):
        return Mention(name, text.where, True)
    return Mention(name, text.where, False) if key and not setting else None


def _of_a_file(text: Text, name: str, line: str, after: str) -> Mention | None:
    if no_host.comment(text, line):
        return None
    if _CALL.search(line):
        return Mention(name, text.where, True, _number(_NEXT_PORT.match(after)))
    key = _KEY.search(line) or _ARGUMENT.search(line) or (None if text.program else _DIRECTIVE.search(line))
    if key and _HOSTISH.search(key.group(1)) and not no_host.SETTING.search(key.group(1)):
        return Mention(name, text.where, True, _after(after))
    return None


def _items(value: str) -> list[str]:
    """What a list holds, `a,b` or `["a", "b"]`."""
    if value.lstrip().startswith("[") and "{" not in value:
        value = re.sub(r"[\[\]'\"]", " ", value)
    return re.split(r"[\s,;|]+", value.strip())


def _called_so(key: str, name: str) -> bool:
    """RABBIT: rabbit, SHOP_NATS: nats, ZK: zoo: the variable's name says what it holds."""
    own = re.escape(name.replace("-", "_"))
    return bool(_KIND.search(key) or re.search(rf"(?:^|_){own}$", re.sub(r"[.\-]", "_", key), re.IGNORECASE))


def _number(port: re.Match[str] | None) -> int | None:
    return _valid(int(port.group(1))) if port else None


def _after(after: str) -> int | None:
    """The port behind a host: `db 5432`, `db,1433`, or a setting of its own close by."""
    beside = _SPACED_PORT.match(after) or _COMMA_PORT.match(after)
    return _number(beside or _NEAR_PORT.search(after))


def _valid(port: int | None) -> int | None:
    return port if port and 0 < port < 65536 else None


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
