"""Servers whose addresses a HAProxy asks the DNS for (`resolvers`): it goes by the answer as it runs, and not by its hosts file. Pure."""

from __future__ import annotations

import re

KEY = "resolvers"
_SECTIONS = {
    "global", "defaults", "frontend", "backend", "listen", "resolvers", "peers", "mailers", "cache", "program", "ring",
    "userlist", "http-errors", "log-forward", "crt-store", "traces", "fcgi-app", "acme",
}  # fmt: skip
_HOST = re.compile(r"(?:ipv[46]@)?([A-Za-z0-9_][\w.\-]*)(?::\S+)?")


def names_resolved(body: str) -> frozenset[str]:
    """The host of each server with `resolvers`, on its own line or by a `default-server` before it in its section or in `defaults`.

    Sections and `default-server`: HAProxy's configuration manual, 4.2 and 5.3."""
    found, everywhere, here, section = set[str](), False, False, ""
    for line in body.splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        if words[0] in _SECTIONS and not line[0].isspace():
            section, everywhere = words[0], everywhere and words[0] != "defaults"
            here = everywhere
        elif words[0] == "default-server" and KEY in words:
            here, everywhere = True, everywhere or section == "defaults"
        elif words[0] in ("server", "server-template") and (here or KEY in words):
            place = words[2 if words[0] == "server" else 3 :][:1]
            host = _HOST.fullmatch(place[0]) if place else None
            found |= {host.group(1).removesuffix(".")} if host else set()
    return frozenset(found)
