"""The YAML files that a service has in one of its folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.stack.configfile import below, config_text, configs_of
from harness.stack.project import Project


def files_in(project: Project, body: Mapping[str, Any], folder: str) -> Iterator[tuple[str, str | None]]:
    """What is mounted in a folder: each file and its text; None where it cannot be read."""
    for mount in body.get("volumes") or ():
        if mount.get("type") != "bind":
            continue
        source, target = Path(str(mount["source"])), str(mount.get("target"))
        inner = below(folder, target)
        read = source / inner if inner is not None else source
        if inner is None and below(target, folder) is None:
            continue
        try:
            for file in sorted(read.iterdir()) if read.is_dir() else [read]:
                if file.suffix in (".yaml", ".yml", ".json"):
                    yield str(file), file.read_text(errors="replace")
        except OSError:
            yield str(read), None
    for target, given in configs_of(project, body):
        if below(target, folder) is not None:
            yield from ((target, text) for text in config_text(given))
