"""TLS with one server by another name than its URL's, or whatever its certificate is; with all others as ever."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: where a secret may go."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


@dataclass(frozen=True)
class Spoken:
    """How it is spoken with the server at `home`.

    name       what is asked for (SNI) and what its certificate must bear; '' for the host of its URL
    unchecked  its certificate is not looked at
    """

    home: tuple[str, str, int]
    name: str = ""
    unchecked: bool = False

    @property
    def usual(self) -> bool:
        return not (self.name or self.unchecked)

    def adapter(self, kind: Any) -> Any:
        """This kind of requests' HTTPAdapter, which speaks so with that server."""
        spoken = self

        class Adapter(kind):  # type: ignore[misc]
            def send(self, request: Any, *args: Any, verify: Any = True, **words: Any) -> Any:
                relaxed = spoken.unchecked and verify is True and origin(request.url) == spoken.home
                return super().send(request, *args, verify=not relaxed and verify, **words)

            def build_connection_pool_key_attributes(self, request: Any, *args: Any, **words: Any) -> Any:
                host, pool = super().build_connection_pool_key_attributes(request, *args, **words)
                if spoken.name and origin(request.url) == spoken.home:
                    pool["server_hostname"] = spoken.name
                return host, pool

        if self.unchecked:
            import urllib3

            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # it is stated that it may be
        return Adapter

    def pool(self, kind: Any, makes: Any) -> Any:
        """This kind of geventhttpclient's SSLConnectionPool, which speaks so with that server; what a locustfile makes its context by,
        instead of `makes`, says itself what is checked."""
        spoken = self

        class Pool(kind):  # type: ignore[misc]
            def __init__(self, at: str, at_port: int, host: str, port: int, **words: Any) -> None:
                home = ("https", host.strip("[]").lower(), port) == spoken.home
                if home and spoken.name:
                    words["ssl_options"] = {**(words.get("ssl_options") or {}), "server_hostname": spoken.name}
                super().__init__(at, at_port, host, port, **words)
                if home and spoken.unchecked and words.get("ssl_context_factory") is makes:
                    self.ssl_context.check_hostname = False
                    self.ssl_context.verify_mode = ssl.CERT_NONE

        return Pool
