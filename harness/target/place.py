"""Where a server of a target is, and how one gets in there. Pure."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from harness.quantities import Model, Seconds


def _url(text: str) -> str:
    """Without the slashes at its end. Raises ValueError for what is none, and for one with a password in it."""
    parts = re.fullmatch(
        r"https?://(?P<user>[^/@\s]*@)?(\[[^]/@?#\s]+\]|[^]\[:/@?#\s]+)(:(?P<port>[^/@?#\s]*))?(?P<path>/[^?#\s]*)?(?P<more>[?#]\S*)?",
        text,
    )
    if parts is None:
        raise ValueError(f"{text!r} is no URL; write https://host:port, such as https://shop.staging.example")
    if parts["user"]:
        raise ValueError(
            "a URL with a user or a password in it ends up in logs: take user, password_env or password_file"
        )
    if parts["more"]:
        raise ValueError(f"{text!r} has more than a path after its host")
    if parts["port"] is not None and not _is_port(parts["port"]):
        raise ValueError(f"{text!r} is no URL: its port is none; ports are 1 to 65535")
    return text.rstrip("/")


def _is_port(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", text) is not None and 0 < int(text) < 65536


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not _is_port(port):
        raise ValueError(f"{text!r} is no address; write host:port, such as 10.1.2.3:5432")
    return text


def _host(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", text):
        raise ValueError(f"{text!r} is no host's name; write it without scheme and port, such as shop.staging.example")
    return text


Url = Annotated[str, AfterValidator(_url)]
Address = Annotated[str, AfterValidator(_address)]
HostName = Annotated[str, AfterValidator(_host)]


class Place(Model):
    """A server that is asked over HTTP: `"https://host"`, or a table that says how.

    ca_file     certificates that are trusted in place of the machine's own; `proxy` an HTTP proxy, '' for none
    server_name the name that is asked for (SNI) and checked, where it is reached by another: by an address, through a tunnel
    insecure_skip_verify  whatever its certificate is: whoever answers there is believed, and is sent the secret
    token_*     a bearer token, from a variable of the environment or a file
    password_*  of `user`, for basic auth
    timeout     of each call
    """

    url: Url
    ca_file: str = ""
    server_name: HostName = ""
    insecure_skip_verify: bool = False
    proxy: str = ""
    token_env: str = ""
    token_file: str = ""
    user: str = ""
    password_env: str = ""
    password_file: str = ""
    timeout_s: Seconds | None = Field(default=None, alias="timeout", gt=0)

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        tokens, passwords = _given(self, "token_env", "token_file"), _given(self, "password_env", "password_file")
        if len(tokens) > 1 or len(passwords) > 1 or (tokens and (passwords or self.user)):
            raise ValueError("a place has one of token_env, token_file, or a user with password_env or password_file")
        if bool(self.user) != bool(passwords):
            raise ValueError("a user and password_env (or password_file) belong together")
        return self

    @model_validator(mode="after")
    def _over_tls(self) -> Self:
        if self.insecure_skip_verify and self.ca_file:
            raise ValueError("insecure_skip_verify looks at no certificate: it stands beside no ca_file")
        stated = _given(self, "server_name", "insecure_skip_verify")
        if stated and self.url.startswith("http://"):
            raise ValueError(f"{stated[0]} is of TLS: {self.url} is asked without; write https://")
        return self


def _given(place: Place, *words: str) -> list[str]:
    return [word for word in words if getattr(place, word)]


def short(value: Any) -> Any:
    """A plain text is the URL of a place."""
    return {"url": value} if isinstance(value, str) else value


PlaceOrUrl = Annotated[Place, BeforeValidator(short)]
