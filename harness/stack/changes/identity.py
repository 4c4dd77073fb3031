"""The run's own project name, and its label on everything, so that teardown finds its own and nothing else."""

from __future__ import annotations

import copy
from typing import Any

RUN_LABEL = "io.drill.run"


def project_name(run_id: str) -> str:
    return f"drill-{run_id}"


def identity(config: dict[str, Any], run_id: str) -> tuple[dict[str, Any], list[str]]:
    """Name the project drill-RUN and label services, networks and volumes that are not someone else's (external)."""
    new = copy.deepcopy(config)
    new["name"] = project_name(run_id)
    for kind in ("services", "networks", "volumes"):
        for key, body in (new.get(kind) or {}).items():
            own = dict(body or {})
            if not own.get("external"):
                own["labels"] = {**_as_map(own.get("labels")), RUN_LABEL: run_id}
            new[kind][key] = own
    return new, [f"name: {config.get('name', '')} → {new['name']}; everything bears the label {RUN_LABEL}={run_id}"]


def _as_map(labels: Any) -> dict[str, Any]:
    if isinstance(labels, list):
        return dict(str(line).partition("=")[::2] for line in labels)
    return dict(labels or {})
