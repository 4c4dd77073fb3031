"""Where a URL points: host and port, whether a name server is asked for it, which page; how it is told without its secrets; which pages tell of health."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import parse_qsl, unquote, urlsplit

AS_IT_IS = r"/(?:[\w~&=,:@/-]|(?<!/)\.)*(?:\?[\w~&=,:@/.-]+)?\Z"
"""A path and query that a client sends as they are written (with re.ASCII)."""
USUAL = {"http": 80, "https": 443, "smtp": 25}
_HEALTH = {"health", "healthz", "healthcheck", "live", "livez", "liveness", "alive", "ready", "readyz", "readiness", "ping", "status", "heartbeat"}  # fmt: skip


def place(url: str) -> tuple[str, int]:
    """Host and port of a URL; ('', 0) for what is none (a hidden '<secret>', a template, another scheme). The dot that may end a host's
    name (`pager.example.`) is left out: name servers know the name without it."""
    try:
        parts = urlsplit(url)
        usual = USUAL.get(parts.scheme, 0)
        return ((parts.hostname or "").removesuffix("."), parts.port or usual) if usual else ("", 0)
    except ValueError:
        return "", 0


def bare(url: str) -> str:
    """Scheme, host, port and path: a user's password and a query's token are told to nobody."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a URL that is none"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.netloc else "a URL that is none"


def left_out(host: str) -> str:
    """What is to be said of the path of a host that another stands in for."""
    path = urlsplit(bare(host)).path.rstrip("/")
    return f"; its path {path} is left out, and stands in the URLs of requests if they need it" if path else ""


def pages(url: str) -> Iterator[str]:
    """The paths by which a URL may name a page: a route in its fragment (wiki/#/Slow), its own, a value in its query."""
    try:
        split = urlsplit(url)
    except ValueError:
        return
    route = split.fragment.removeprefix("!")
    if route.startswith("/"):
        yield unquote(route.partition("?")[0])
    yield unquote(split.path)
    yield from (value for _, value in parse_qsl(split.query))


def expression(url: str) -> str:
    """The expression that a rule's page shows (Prometheus' generatorURL, /graph?g0.expr=…), or ''."""
    try:
        return " ".join(dict(parse_qsl(urlsplit(url).query)).get("g0.expr", "").split())
    except ValueError:
        return ""


def path_hash(url: str) -> str:
    """What the path and query of a URL are told apart by, and not told; as the mailbox does (harness/inside/pager.py)."""
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    return hashlib.sha256(path.encode()).hexdigest()[:16]


def fixed(host: str) -> bool:
    """Whether no name server is asked for it."""
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


def loopback(host: str) -> bool:
    """Whether it leads to whoever asks."""
    return fixed(host) and (host in ("localhost", "::1") or host.startswith("127."))


def of_health(path: str) -> bool:
    """Whether a page is one that tells whether a service lives, which may reach nothing behind it: '/front-health', '/healthz'."""
    return bool(set(re.findall(r"[a-z]+", path.lower())) & _HEALTH)
