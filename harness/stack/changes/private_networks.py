"""External networks become private to the run: what else lives on them is not part of the rehearsal, nor its victim."""

from __future__ import annotations

import copy
from typing import Any

from harness.stack import names as topology


def private_networks(config: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Each external network (but Docker's own host, none and bridge) is made anew, empty but for this project."""
    new, lines = copy.deepcopy(config), []
    for key, network in (new.get("networks") or {}).items():
        if network and network.get("external") and topology.bridged(config, key):
            new["networks"][key] = {k: v for k, v in network.items() if k not in ("external", "name")}
            lines.append(
                f"networks.{key}: external {network.get('name', key)} → private to the run, without the others on it"
            )
    return new, lines
