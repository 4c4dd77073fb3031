"""Images built by the project get names of ours, so that a rehearsal never moves a tag that somebody deploys from."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Container
from pathlib import Path
from typing import Any


def built_name(project: str, service: str, taken: Container[str] = ()) -> str:
    """drill/PROJECT-SERVICE in the letters that Docker takes for an image; services may be called `_kv__` or `A..b`,
    and `DB` beside `db`."""
    parts = (_component(part) for part in (project, service))
    return _free("drill/" + ("-".join(part for part in parts if part) or "image"), "", taken)


def _like(project: str, image: str, taken: Container[str]) -> str:
    """drill/PROJECT/ and the user's own name and tag, by which people and their scripts know it; always a longer name than theirs."""
    folder, _, last = image.partition("@")[0].removeprefix("drill/").rpartition("/")
    last, colon, tag = last.partition(":")
    parts = (_component(part) for part in (project, *folder.split("/"), last))
    return _free("/".join(("drill", *(part for part in parts if part))), colon + tag, taken)


def _free(name: str, tag: str, taken: Container[str]) -> str:
    others = (f"{name}-{number}{tag}" for number in itertools.count(2))
    return next(one for one in itertools.chain([name + tag], others) if one not in taken)


def _component(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", _separator, text.lower()).strip("._-")


def _separator(found: re.Match[str]) -> str:
    return found.group() if re.fullmatch(r"\.|_|__|-+", found.group()) else "-"


def image_names(config: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Name what is built after the user's own `image:`, else after its service, also where another service uses it by the user's
    tag; what is started is what was made ready before, so pull policies and profiles (already chosen) go."""
    new, lines = copy.deepcopy(config), []
    services = new.get("services") or {}
    renamed: dict[str, str] = {}
    made: dict[str, str] = {}
    for name, body in services.items():
        build = body.get("build")
        if not build:
            continue
        # Services with one and the same build share one image, as the file means it.
        ours = made.get(repr(build)) or _named(config, name, build, made.values())
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


def _named(config: dict[str, Any], first: str, build: Any, taken: Container[str]) -> str:
    """A build that several services share bears no one service's name: the others would be told by it."""
    project = str(config.get("name"))
    sharing = [body for body in config["services"].values() if repr(body.get("build")) == repr(build)]
    if stated := next((str(body["image"]) for body in sharing if body.get("image")), ""):
        return _like(project, stated, taken)
    folder = Path(str(build.get("context") or "")).name if isinstance(build, dict) and len(sharing) > 1 else ""
    return built_name(project, folder or first, taken)


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
