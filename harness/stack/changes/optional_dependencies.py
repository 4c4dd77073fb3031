"""What is optional and not started is left out: a resolved file has no such service, and Compose refuses to depend on it."""

from __future__ import annotations

import copy
from typing import Any


def optional_dependencies(config: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Drop `depends_on` of services whose profile is off (`required: false`; Compose itself refuses the others)."""
    new, lines = copy.deepcopy(config), []
    services = new.get("services") or {}
    for name, body in services.items():
        for target in [one for one in body.get("depends_on") or {} if one not in services]:
            del body["depends_on"][target]
            lines.append(f"services.{name}.depends_on: {target} left out, its profile is off")
    return new, lines
