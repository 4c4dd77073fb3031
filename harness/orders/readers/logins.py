"""The login that a stack's own services use at a dependency: what a reader falls back to where the dependency tells none. Pure."""

from __future__ import annotations

from collections.abc import Mapping
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
    """From the first URL of such a scheme, in any service's environment, whose host is the service. An empty one for none."""
    for config in services.values():
        for value in environment(config).values():
            try:
                url = urlsplit(value.strip())
                if url.scheme.partition("+")[0] in schemes and url.hostname == service:
                    return Login(
                        unquote(url.username or ""), unquote(url.password or ""), unquote(url.path.removeprefix("/"))
                    )
            except ValueError:
                continue
    return Login()
