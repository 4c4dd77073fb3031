"""The login that a stack's own services use at a dependency: what a reader falls back to where the dependency tells none. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.world.handles import Login
from harness.world.speaks import environment

FIRST = """
first() { for value; do if [ -n "$value" ]; then printf '%s' "$value"; return; fi; done; }
held() { if [ -n "$1" ] && [ -r "$1" ]; then cat "$1"; fi; }
"""
"""Of a shell: the first word that is not empty; and what the file holds of which one is the name (POSTGRES_PASSWORD_FILE)."""


def url_login(services: Mapping[str, Mapping[str, Any]], service: str, schemes: tuple[str, ...]) -> Login:
    """From the first URL of such a scheme with a login, in any service's environment, whose host is the service; else from the first.
    An empty one for none.

    The environment has what mounted files tell, too (stack.told).
    """
    found = list(_logins(services, _names(service, services.get(service, {})), schemes))
    return next((one for one in found if one.user or one.password), found[0] if found else Login())


def _logins(services: Mapping[str, Mapping[str, Any]], names: set[str], schemes: tuple[str, ...]) -> Iterator[Login]:
    for config in services.values():
        for value in environment(config).values():
            try:
                url = urlsplit(value.strip())
                if url.scheme.partition("+")[0] in schemes and url.hostname in names:
                    path = unquote(url.path.removeprefix("/"))
                    yield Login(unquote(url.username or ""), unquote(url.password or ""), path)
            except ValueError:
                continue


def _names(service: str, config: Mapping[str, Any]) -> set[str]:
    """What other services call it, in lower case as in a URL."""
    networks = config.get("networks") or {}
    used = networks.values() if isinstance(networks, Mapping) else ()
    aliases = [name for use in used for name in (use or {}).get("aliases") or ()]
    named = (service, config.get("container_name"), config.get("hostname"), *aliases)
    return {str(name).lower() for name in named if name}
