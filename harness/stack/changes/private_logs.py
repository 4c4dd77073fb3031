"""Logs stay on this machine and can be read: no line of a rehearsal reaches a collector, and claims about logs can be
decided."""

from __future__ import annotations

import copy
from typing import Any

READABLE = ("", "json-file", "local")
"""Drivers that keep a container's log here. `none` keeps nothing, `journald` writes into the machine's own journal, all
others send it elsewhere."""


def private_logs(config: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Every other driver becomes Docker's `local`, without the options that only the other one knows."""
    new, lines = copy.deepcopy(config), []
    for name, body in (new.get("services") or {}).items():
        driver = str((body.get("logging") or {}).get("driver") or "")
        if driver not in READABLE:
            body["logging"] = {"driver": "local"}
            lines.append(f"services.{name}.logging: driver {driver} → local, read by the harness and by nobody else")
    return new, lines
