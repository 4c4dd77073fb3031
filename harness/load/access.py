"""How the load gets in where its service asks for a certificate, a token or a proxy; what a locustfile sets itself wins."""

from __future__ import annotations

import base64
import os
import ssl
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.load.tls import Spoken, origin


@dataclass(frozen=True)
class Access:
    """References alone: it stands in load.json, and no secret must. '' for what is not needed.

    ca_file      certificates that are trusted in place of the machine's own
    server_name  the name in its certificate, where its URL has another; `insecure_skip_verify`: that is not looked at
    proxy        of HTTP; without one none is used, whatever the environment says
    token_*      where a bearer token is: a variable of the environment, or a file; password_* the same for `user`
    """

    ca_file: str = ""
    server_name: str = ""
    insecure_skip_verify: bool = False
    proxy: str = ""
    token_env: str = ""
    token_file: str = ""
    user: str = ""
    password_env: str = ""
    password_file: str = ""

    def authorization(self, env: Mapping[str, str] = os.environ) -> str:
        """The value of the header `Authorization`; '' for none. Raises LookupError or OSError for a secret that is not there
        or that no header can carry; its value is in neither."""
        if self.user:
            secret = f"{self.user}:{_secret(self.password_env, self.password_file, env)}"
            return f"Basic {base64.b64encode(secret.encode()).decode()}"
        if self.token_env or self.token_file:
            return f"Bearer {self.secret(env)}"
        return ""

    def secret(self, env: Mapping[str, str] = os.environ) -> str:
        """The token or the password itself; raises as `authorization`."""
        if self.user:
            return _secret(self.password_env, self.password_file, env)
        if not (self.token_env or self.token_file):
            return ""
        token = _secret(self.token_env, self.token_file, env)
        if not _fits(token, "latin-1"):  # as http.client sends headers
            raise LookupError(
                f"{_where(self.token_env, self.token_file)} has characters in it that no header can carry"
            )
        return token


def _secret(variable: str, file: str, env: Mapping[str, str]) -> str:
    where = _where(variable, file)
    if variable and not env.get(variable):
        raise LookupError(f"{where} is not set")
    text = (env[variable] if variable else Path(file).read_text(encoding="utf-8", errors="surrogateescape")).strip()
    if not text:
        raise LookupError(f"{where} is empty")
    if not _fits(text, "utf-8"):
        raise LookupError(f"{where} is no UTF-8")
    if any(unicodedata.category(one) == "Cc" for one in text):
        raise LookupError(f"{where} has a line break or another control character in it")
    return text


def _where(variable: str, file: str) -> str:
    return f"the variable {variable}" if variable else file


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def install(access: Access, host: str) -> None:
    """Once, before the locustfile is imported. The secret goes to the load's own host alone, not to others that a locustfile calls."""
    from locust import FastHttpUser
    from locust.clients import HttpSession
    from locust.contrib.fasthttp import FastHttpSession

    header, home = access.authorization(), origin(host)
    spoken = Spoken(home, access.server_name, access.insecure_skip_verify)

    def prove(request: Any) -> Any:
        if header and origin(request.url) == home:
            request.headers.setdefault("Authorization", header)
        return request

    def requests_ready(session: Any) -> None:
        session.trust_env = False  # the machine's proxy, certificates and .netrc are not meant for a target
        session.verify = access.ca_file or True
        session.proxies = {"http": access.proxy, "https": access.proxy} if access.proxy else {}
        session.auth = prove

    _after_init(HttpSession, requests_ready)
    FastHttpUser.insecure = False
    FastHttpUser.ssl_context_factory = trusting = staticmethod(_trusting(access.ca_file))
    if not spoken.usual:
        _speak(spoken, trusting.__func__)
    if access.proxy:
        FastHttpUser.proxy_host, FastHttpUser.proxy_port = origin(access.proxy)[1:]
    if header:
        _prove_fast(FastHttpSession, header, home)


def _trusting(ca_file: str) -> Callable[..., ssl.SSLContext]:
    """What makes a context that trusts these certificates; without them those that geventhttpclient gives, the machine's."""
    return lambda cafile=None: ssl.create_default_context(cafile=ca_file or cafile)


def _speak(spoken: Spoken, trusting: Callable[..., ssl.SSLContext]) -> None:
    """By the clients of both kinds of users, as they are made from now on."""
    import geventhttpclient.client
    import locust.clients

    locust.clients.LocustHttpAdapter = spoken.adapter(locust.clients.LocustHttpAdapter)  # type: ignore[misc]
    connections: Any = geventhttpclient.client
    connections.SSLConnectionPool = spoken.pool(connections.SSLConnectionPool, trusting)


def _after_init(kind: Any, then: Callable[[Any], None]) -> None:
    original = kind.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        then(self)

    kind.__init__ = __init__


def _prove_fast(kind: Any, header: str, home: tuple[str, str, int]) -> None:
    original = kind.request

    def request(self: Any, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
        own = {str(name).lower() for name in (*(kwargs.get("headers") or ()), *self.client.default_headers)}
        near = origin(self._build_url(url)) == home
        self.auth_header = header if near and "authorization" not in own else None
        return original(self, method, url, *args, **kwargs)

    kind.request = request
