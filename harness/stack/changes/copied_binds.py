"""Bind mounts point to their copies in the run's folder: what the stack writes there stays there."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any


def copied_binds(config: dict[str, Any], copies: Mapping[tuple[str, str], str]) -> tuple[dict[str, Any], list[str]]:
    """`copies` gives the new source by service and target path; a mount that it does not name stays as it is."""
    new, lines = copy.deepcopy(config), []
    for name, body in (new.get("services") or {}).items():
        for mount in body.get("volumes") or ():
            place = copies.get((name, str(mount.get("target"))))
            if mount.get("type") == "bind" and place:
                lines.append(f"services.{name}.volumes: {mount['source']} → a copy in the run's folder")
                mount["source"] = place
    return new, lines
