"""The Compose file with a release in it, made from the run's own."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import NotApplied
from harness.stack.release_images import Change

Config = dict[str, Any]


def changed(config: Config, changes: Mapping[str, Change]) -> Config:
    """The Compose file with the release in it. Pure. Raises NotApplied for a service that is not there."""
    new = copy.deepcopy(config)
    for name, change in changes.items():
        body = new.get("services", {}).get(name)
        if body is None:
            raise NotApplied(f"the stack has no service {name!r} to deploy")
        if change.image:
            body["image"] = change.image
            body.pop("build", None)
        if change.environment:
            body["environment"] = {**(body.get("environment") or {}), **change.environment}
        for word, value in change.settings.items():
            body[word] = value
            if value is None:
                del body[word]
    return new


def read_file(file: Path) -> Config:
    """A file that `written` wrote, `$` as the containers see it."""
    config = json.loads(file.read_text().replace("$$", "$"))
    assert isinstance(config, dict)
    return config
