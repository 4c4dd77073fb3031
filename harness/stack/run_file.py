"""The run's own Compose file in its folder, and beside it what was chosen (stack.json), for those who come later."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.stack import names as topology
from harness.stack.addresses import Place, address_of
from harness.stack.changes.identity import project_name
from harness.stack.inward import inner_address, pinned
from harness.stack.project import Project, write_private, written
from harness.stack.resolve import Chosen, resolve


def write(folder: Path, project: Project, chosen: Chosen, publish: Sequence[Place]) -> tuple[str, ...]:
    """Write compose.yaml (only we may read it: it holds secrets) and stack.json; returns what differs from the user's
    files, line by line."""
    config, lines = resolved(project, chosen, publish)
    write_private(folder / "compose.yaml", written(config))
    record = {
        "run": chosen.run_id,
        "project": project_name(chosen.run_id),
        "files": [str(path) for path in project.files],
        "directory": str(project.directory),
        "env_files": [str(path) for path in project.env_files],
        "edges": [asdict(edge) for edge in chosen.edges],
        "api": list(chosen.api) if chosen.mediate else None,
        "published": {
            f"{name}:{port}": list(address_of(project.config, chosen, f"{name}:{port}")) for name, port in publish
        },
        "changes": list(lines),
    }
    write_private(folder / "stack.json", json.dumps(record, indent=2) + "\n")
    return lines


def resolved(project: Project, chosen: Chosen, publish: Sequence[Place]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The file and its lines, with a fixed address for what is published and on internal networks only."""
    config, lines = resolve(project.config, chosen)
    for home in dict.fromkeys(topology.owner(project.config, service) for service, _ in publish):
        address = inner_address(project.config, home, chosen.ranges, chosen.edges)
        if address:
            config = pinned(config, home, address)
            lines += (
                f"services.{home}.networks: {address}, where the harness reaches it; it is on internal networks only",
            )
    return config, lines
