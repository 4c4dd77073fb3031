"""Named and external volumes become private to the run: a rehearsal never touches real data."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Literal

Data = Literal["private", "copy", "shared"]


def original_name(config: Mapping[str, Any], key: str) -> str:
    """The Docker volume that the user's own project uses for this key."""
    body = (config.get("volumes") or {}).get(key) or {}
    return str(body.get("name") or (key if body.get("external") else f"{config.get('name')}_{key}"))


def private_volumes(config: dict[str, Any], data: Mapping[str, Data]) -> tuple[dict[str, Any], list[str]]:
    """Each volume starts empty under the run's project; `copy` says that it will be filled, `shared` keeps the real
    one.

    Options that name a real place (a bind in disguise, NFS) go with the volume; a tmpfs stays one.
    """
    new, lines = copy.deepcopy(config), []
    for key, given in (config.get("volumes") or {}).items():
        body = given or {}
        mode = data.get(key, "private")
        original = original_name(config, key)
        if mode == "shared":
            new["volumes"][key] = {"external": True, "name": original}
            lines.append(f"volumes.{key}: SHARED, the real volume {original} is used")
            continue
        options = body.get("driver_opts") or {}
        kept = {"labels": body["labels"]} if body.get("labels") else {}
        if options.get("type") == "tmpfs":
            kept["driver_opts"] = options
        new["volumes"][key] = kept
        how = "filled with a copy of" if mode == "copy" else "empty, instead of"
        lines.append(f"volumes.{key}: private to the run, {how} {original}")
    return new, lines
