"""A store of logs or metrics that evaluates rules (Loki, Mimir, Cortex): what its configuration says of whom it tells.

Source: Loki's and Mimir's configuration references, blocks `ruler`, `alertmanager`, `alertmanager_storage`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.foreign_yaml import load
from harness.stack.configfile import LOKI, ConfigFile, config_file, mounted, volumes_over
from harness.stack.observed import command_of, flag
from harness.stack.project import Project
from harness.stack.senders.sender import expanded, variables

_NAMES = {"loki", "mimir", "cortex", "enterprise-metrics", "enterprise-logs"}
_STOCK = ConfigFile("ruler: {alertmanager_url: 'http://localhost:9093'}", LOKI[0])
"""What the file in Loki's own image says."""


@dataclass(frozen=True)
class Store:
    """What its file holds; `why` says why that is not known."""

    data: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


def store(project: Project, service: str) -> Store | None:
    """None for a service that is none, or states no file. Raises CannotRun as `config_file` does."""
    config = _config(project, service)
    if config is None:
        return None
    if not config.text:
        return Store(why=config.why)
    try:
        data = load(expanded(config.text, variables(project.services[service])))
    except ValueError as error:
        return Store(why=f"its configuration cannot be read: {error}")
    if not isinstance(data, dict):
        return Store(why="its configuration is not written as it should be")
    return Store(data, config.doubt)


def alertmanager_urls(data: Any) -> Iterator[str]:
    """Those of its ruler, and of its tenants' own."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key == "alertmanager_url":
                yield from (one.strip() for one in str(value or "").split(",") if one.strip())
            else:
                yield from alertmanager_urls(value)
    elif isinstance(data, list):
        for one in data:
            yield from alertmanager_urls(one)


def _config(project: Project, service: str) -> ConfigFile | None:
    body = project.services[service]
    path = flag(command_of(body), "config.file")
    if not _named(body, service, path):  # by its name it is none: by what its file holds it may be one
        texts = [text for one in path.split(",") for text in mounted(project, body, one)]
        return next((ConfigFile(text, path) for text in texts if re.search(r"^ruler:", text, re.MULTILINE)), None)
    if _published(body) and not (path and path not in LOKI) and not _covered(project, body):
        return _STOCK if "loki" in _image(body) else None
    return config_file(project, service, LOKI)


def _named(body: Mapping[str, Any], service: str, path: str) -> bool:
    """Whether its name says that it is one; Cortex is another's name, too, which states no file so."""
    program = next(iter(command_of(body)), "").rpartition("/")[2]
    name = _image(body) if body.get("image") and not body.get("build") else service.lower()
    return bool({name, program} & (_NAMES if path else _NAMES - {"cortex"})) or bool(
        re.search(r"(?<![a-z])(loki|mimir)$", name)
    )


def _image(body: Mapping[str, Any]) -> str:
    return str(body.get("image") or "").rpartition("/")[2].partition(":")[0].partition("@")[0]


def _published(body: Mapping[str, Any]) -> bool:
    """Whether its image is one as it is published."""
    return not body.get("build") and _image(body) in _NAMES


def _covered(project: Project, body: Mapping[str, Any]) -> bool:
    """Whether something is mounted where Loki's own file is."""
    return any(True for path in LOKI for _ in (*mounted(project, body, path), *volumes_over(body, path)))
