"""A Prometheus or an Alertmanager that asks whoever looks at it for a certificate's trust or a password (--web.config.file)."""

from __future__ import annotations

from harness.foreign_yaml import load
from harness.stack import names as topology
from harness.stack.configfile import mounted
from harness.stack.observed import command_of, flag
from harness.stack.project import Project


def guarded(project: Project, service: str) -> str:
    """What it asks for, as its files tell: 'TLS', 'a password', both; '' for nothing."""
    body = topology.services(project.config).get(service, {})
    path = flag(command_of(body), "web.config.file")
    for text in mounted(project, body, path) if path else ():
        try:
            data = load(text) or {}
            keys = {"tls_server_config": "TLS", "basic_auth_users": "a password"}
            return " and ".join(word for key, word in keys.items() if data.get(key))
        except (AttributeError, ValueError):
            break
    return "TLS or a password" if path else ""


def unlooked(project: Project, service: str) -> str:
    """That nothing it tells can be seen, with the way out; '' where it can."""
    what = guarded(project, service)
    if not what:
        return ""
    return (
        f"{service} asks for {what} (--web.config.file), which drill does not have: it cannot be looked at, and what is claimed of it "
        "will be inconclusive; state its command without that in a Compose file of the drill's own, behind the others in stack.compose"
    )
