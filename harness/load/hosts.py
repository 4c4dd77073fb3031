"""Whether a request goes to the service that is loaded or to another host, and what it is called then."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

MOST_TOLD = 20  # hosts: a crawler meets ever more
_ABSOLUTE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_THIS_MACHINE = re.compile(r"//(127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?=:|$)")


class Hosts:
    def __init__(self, home: str, say: Callable[[str, str], None]) -> None:
        self._home = home
        self._own = _alike(place(home))
        self._say = say
        self._told: set[str] = set()

    def far(self, base_url: str, url: object) -> str:
        """The other host, as http://NAME:PORT, that this URL of a client with this base goes to; '' for the service itself."""
        if type(url) is str and url[:1] == "/" and base_url == self._home:
            return ""
        absolute = _ABSOLUTE.match(url) if isinstance(url, str) else None
        there = place(absolute[0] if absolute else base_url)
        return "" if not there or _alike(there) == self._own else there

    def tell(self, far: str, what: str = "requests go") -> None:
        """Once for each host."""
        if far not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(far)
            self._say(
                "warning",
                f"{what} to {far}, which is not the service that is loaded ({self._home}): what is sent there counts in no claim but "
                "those that name it",
            )


@lru_cache(maxsize=1024)
def place(url: str) -> str:
    """Scheme, host and port, without what may be secret; '' for what is no such URL."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:  # its client says so
        return ""
    if not host or parts.scheme not in ("http", "https"):
        return ""
    host = f"[{host}]" if ":" in host else host
    usual = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{host}" + ("" if port in (None, usual) else f":{port}")


def same(one: str, other: str) -> bool:
    """Whether both URLs are of one place."""
    return _alike(place(one)) == _alike(place(other))


@lru_cache(maxsize=1024)
def _alike(place_: str) -> str:
    """This machine has several names."""
    return _THIS_MACHINE.sub("//localhost", place_)


def named(far: str, called: str) -> str:
    """What a request to another host is called that the locustfile gives no name."""
    return far + _ABSOLUTE.sub("", called, count=1)
