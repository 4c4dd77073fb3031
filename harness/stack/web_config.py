"""A Prometheus or an Alertmanager that asks whoever looks at it for a certificate's trust or a password (--web.config.file)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from harness.foreign_yaml import load
from harness.stack import names as topology
from harness.stack.configfile import mounted
from harness.stack.observed import command_of, flag
from harness.stack.project import Project

TLS, PASSWORD = "TLS", "a password"
_STATED = {TLS: "ca_file: FILE", PASSWORD: "user: NAME, password_file: FILE"}


def guarded(project: Project, service: str) -> str:
    """What it asks for, as its files tell: 'TLS', 'a password', both; '' for nothing."""
    asks, sure = _asked(project, service)
    return (" and " if sure else " or ").join(asks)


def unlooked(
    project: Project, monitoring: Mapping[str, str], has: Mapping[str, Collection[str]] | None = None
) -> tuple[str, ...]:
    """That nothing can be seen of what these tell ('service:port' by word), each with the way out; `has`: what the drill states for
    them, of TLS and PASSWORD."""
    found = []
    for word, target in monitoring.items():
        service, given = target.rpartition(":")[0], (has or {}).get(word, ())
        asks, sure = _asked(project, service) if service else ((), True)
        lacks = [one for one in asks if one not in given] if sure or not given else []
        if lacks:
            said = ", ".join(_STATED[one] for one in reversed(lacks))
            found.append(
                f"{service} asks for {(' and ' if sure else ' or ').join(lacks)} (--web.config.file), which the drill does not state: it "
                "cannot be looked at, and what is claimed of it will be inconclusive; say how one gets in: stack: {observe: {"
                f"{word}: {{{said}}}}}}}"
            )
    return tuple(found)


def _asked(project: Project, service: str) -> tuple[tuple[str, ...], bool]:
    """And whether its files tell it: else it may be either."""
    body = topology.services(project.config).get(service, {})
    path = flag(command_of(body), "web.config.file")
    for text in mounted(project, body, path) if path else ():
        try:
            data = load(text) or {}
            keys = {"tls_server_config": TLS, "basic_auth_users": PASSWORD}
            return tuple(word for key, word in keys.items() if data.get(key)), True
        except (AttributeError, ValueError):
            break
    return ((TLS, PASSWORD), False) if path else ((), True)
