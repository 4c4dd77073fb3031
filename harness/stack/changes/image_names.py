"""Images built by the project get names of ours, so that a rehearsal never moves a tag that somebody deploys from."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Container
from typing import Any


def built_name(project: str, service: str, taken: Container[str] = ()) -> str:
    """drill/PROJECT-SERVICE in the letters that Docker takes for an image; services may be called `_kv__` or `A..b`,
    and `DB` beside `db`."""
    parts = (re.sub(r"[^a-z0-9]+", _separator, part.lower()).strip("._-") for part in (project, service))
    name = "drill/" + ("-".join(part for part in parts if part) or "image")
    others = (f"{name}-{number}" for number in itertools.count(2))
    return next(one for one in itertools.chain([name], others) if one not in taken)


def _separator(found: re.Match[str]) -> str:
    return found.group() if re.fullmatch(r"\.|_|__|-+", found.group()) else "-"


def image_names(config: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Name what is built drill/PROJECT-SERVICE, also where another service uses it by the user's tag; what is started
    is
    what was made ready before, so pull policies and profiles (already chosen) go."""
    new, lines = copy.deepcopy(config), []
    services = new.get("services") or {}
    renamed: dict[str, str] = {}
    made: dict[str, str] = {}
    for name, body in services.items():
        build = body.get("build")
        if not build:
            continue
        # Services with one and the same build share one image, as the file means it.
        ours = made.get(repr(build)) or built_name(str(config.get("name")), name, made.values())
        made[repr(build)] = ours
        if body.get("image"):
            renamed[str(body["image"])] = ours
        body["image"] = ours
        if isinstance(build, dict):
            build.pop("tags", None)
        lines.append(f"services.{name}.image: {ours}, built from the project's own context")
    _based_on_each_other(services, renamed)
    for name, body in services.items():
        if not body.get("build") and body.get("image") in renamed:
            lines.append(f"services.{name}.image: {body['image']} → {renamed[body['image']]}")
            body["image"] = renamed[body["image"]]
        body.pop("pull_policy", None)
        body.pop("profiles", None)
    return new, lines


def _based_on_each_other(services: dict[str, Any], renamed: dict[str, str]) -> None:
    """A Dockerfile that begins FROM another service's image by the user's tag must find ours (BuildKit's named
    contexts)."""
    for body in services.values():
        build = body.get("build")
        others = {tag: f"docker-image://{ours}" for tag, ours in renamed.items() if ours != body.get("image")}
        if isinstance(build, dict) and others:
            given = build.get("additional_contexts") or {}
            given = dict(str(line).partition("=")[::2] for line in given) if isinstance(given, list) else given
            build["additional_contexts"] = {**others, **given}
