"""A release under test takes the place of what the Compose files state for its service, before anything else is read from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.errors import UsageError
from harness.stack.project import Project


def with_candidates(project: Project, images: Mapping[str, str]) -> Project:
    """The project with each service on its image. How the files would build it is left out: that is what it replaces.

    Raises UsageError where a service is not there.
    """
    if not images:
        return project
    services = dict(project.services)
    there = ", ".join(services)
    wrong = [
        f"candidate {image}: there is no service '{name}' in the stack; there are {there}"
        for name, image in images.items()
        if name not in services
    ]
    if wrong:
        raise UsageError(*wrong)
    for name, image in images.items():
        body = services[name]
        services[name] = _on(body, image)
        _build_elsewhere(services, body, set(images))
    return replace(project, config={**project.config, "services": services}, stated=project.config)


def candidates_told(project: Project) -> tuple[str, ...]:
    """What candidates changed in the user's file, a line each."""
    before = project.as_stated.services
    return tuple(
        f"services.{name}: {body['image']}, the release under test"
        if body.get("image") != before[name].get("image")
        else f"services.{name}: built here, for the release under test takes the place of what was"
        for name, body in project.services.items()
        if body != before[name]
    )


def _on(body: Mapping[str, Any], image: str) -> dict[str, Any]:
    kept = {word: value for word, value in body.items() if word != "build"}
    if kept.get("pull_policy") == "build":  # Compose refuses it where nothing says how
        del kept["pull_policy"]
    return {**kept, "image": image}


def _build_elsewhere(services: dict[str, dict[str, Any]], replaced: Mapping[str, Any], images: set[str]) -> None:
    """Another service may run the image that the replaced one built: then it is built for that one."""
    if not replaced.get("build") or not replaced.get("image"):
        return
    for name, body in services.items():
        if name not in images and body.get("image") == replaced["image"] and not body.get("build"):
            services[name] = {**body, "build": replaced["build"]}
            return
