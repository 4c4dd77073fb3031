"""What a release changes on each service, made ready before anything starts: its image built, pulled or found here."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import CannotRun, Missing
from harness.stack.changes.image_names import built_name
from harness.stack.images import PULL_S, build
from harness.stack.project import Project, read_project
from harness.world.docker_cli import docker, image_exists
from harness.world.handles import Release


@dataclass(frozen=True)
class Change:
    """What one service gets: another image ('' the one it has), and variables beside those it has."""

    image: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


def ready_release(
    project: Project,
    release: Release,
    *,
    profiles: Sequence[str] = (),
    offline: bool = False,
    say: Callable[[str], object] = lambda line: None,
) -> dict[str, Change]:
    """By service, what the release changes, once its images are here. Raises CannotRun with every one that is missing.

    An `image` that the user's files build, under whichever profile, is built from them. With `variables` the files are read
    again as a roll-out would: what the service is built from, its image and its environment are those that they then state.
    What is built gets a name of ours, so that it moves no tag of theirs. A candidate is no part of that comparison: a release that
    differs by its environment alone runs on the candidate's image.
    """
    stated: dict[str, Change] = {}
    missing: list[Missing] = []
    project = project.as_stated
    other = _with_variables(project, release, profiles)
    named, problem = _by_name(project, release, offline=offline, say=say)
    if problem is not None:
        raise CannotRun(problem)
    for service in release.services:
        ours, theirs = project.services.get(service), other.services.get(service)
        if ours is None or theirs is None:
            raise CannotRun(f"the stack has no service {service!r} to deploy")
        image, problem = named, None
        if release.variables and not image and theirs.get("build") and theirs["build"] != ours.get("build"):
            image, problem = _built(other, service, offline=offline, say=say)
        elif release.variables and not image and theirs.get("image") != ours.get("image"):
            image = str(theirs.get("image") or "")
        if problem is None and image and not image_exists(image):
            problem = _pulled(image, service, offline=offline, say=say)
        missing += [problem] if problem else []
        stated[service] = Change(image, {**_differing(ours, theirs), **release.environment})
    if missing:
        raise CannotRun(*missing)
    return stated


def _with_variables(project: Project, release: Release, profiles: Sequence[str]) -> Project:
    if not release.variables:
        return project
    environ = {**os.environ, **release.variables}
    return read_project(project.files, profiles=profiles, env_files=project.env_files, environ=environ)


def _by_name(
    project: Project, release: Release, *, offline: bool, say: Callable[[str], object]
) -> tuple[str, Missing | None]:
    """The release's image, built when a service of the user's files builds one of that name."""
    if not release.image:
        return "", None
    every = read_project(project.files, profiles=("*",), env_files=project.env_files)
    makers = [name for name, body in every.services.items() if body.get("build") and body.get("image") == release.image]
    return _built(every, makers[0], offline=offline, say=say) if makers else (release.image, None)


def _built(other: Project, service: str, *, offline: bool, say: Callable[[str], object]) -> tuple[str, Missing | None]:
    body = dict(other.services[service])
    how = {
        word: value for word, value in body["build"].items() if word != "context"
    }  # one name wherever the project lies
    digest = hashlib.sha256(json.dumps(how, sort_keys=True).encode()).hexdigest()[:8]
    image = f"{built_name(other.name, service)}:release-{digest}"
    body["build"] = {word: value for word, value in body["build"].items() if word != "tags"}
    if offline and image_exists(image):
        return image, None
    say(f"building {image}")
    services = {**other.services, service: {**body, "image": image}}
    return image, build(other, {**other.config, "services": services}, service)


def _pulled(image: str, service: str, *, offline: bool, say: Callable[[str], object]) -> Missing | None:
    if offline:
        return Missing(
            f"the image {image} of the release of {service} is not here, and offline nothing is pulled",
            f"docker pull {image}",
        )
    say(f"pulling {image}")
    answer = docker("pull", "--quiet", image, within_s=PULL_S)
    if answer.ok:
        return None
    why = answer.last
    return Missing(
        f"the image {image} of the release of {service} is not here, and cannot be pulled: {why}",
        f"docker build -t {image} …",
    )


def _differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, str]:
    """Variables of the container that the other reading of the files states differently."""
    before, after = ours.get("environment") or {}, theirs.get("environment") or {}
    return {str(name): str(value) for name, value in after.items() if value is not None and before.get(name) != value}
