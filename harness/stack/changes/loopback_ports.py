"""Published ports become free ports on 127.0.0.1, and what the harness must reach is published too."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from harness.stack import names as topology

Key = tuple[str, int, str]
"""Service, container port, protocol."""


def wanted_ports(config: Mapping[str, Any], publish: Sequence[tuple[str, int]]) -> tuple[Key, ...]:
    """Everything that needs a port on the host: the file's own `ports:` and what the harness asks for."""
    found: dict[Key, None] = {}
    for name, body in topology.services(config).items():
        for port in body.get("ports") or ():
            found[(name, int(port["target"]), port.get("protocol") or "tcp")] = None
    for service, target in publish:
        if not topology.outside(config, service):
            found[(topology.owner(config, service), target, "tcp")] = None
    return tuple(found)


def loopback_ports(config: dict[str, Any], chosen: Mapping[Key, Sequence[int]]) -> tuple[dict[str, Any], list[str]]:
    """Publish each key on its chosen ports, one per replica (a range, from which Docker gives each replica one)."""
    new, lines = copy.deepcopy(config), []
    for name, body in (new.get("services") or {}).items():
        before = {(int(p["target"]), p.get("protocol") or "tcp"): p for p in body.get("ports") or ()}
        ports = []
        for (service, target, protocol), given in chosen.items():
            if service != name:
                continue
            published = str(given[0]) if len(given) == 1 else f"{given[0]}-{given[-1]}"
            ports.append(
                {"mode": "host", "host_ip": "127.0.0.1", "target": target, "published": published, "protocol": protocol}
            )
            old = before.get((target, protocol))
            was = f"{old.get('published') or 'any'}:{target}" if old else "not published"
            lines.append(f"services.{name}.ports: {was} → 127.0.0.1:{published}:{target}/{protocol}")
        body.pop("ports", None)
        if ports:
            body["ports"] = ports
    return new, lines
