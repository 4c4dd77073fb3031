"""What a release changes on each service, made ready before anything starts: its image built, pulled or found here."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import CannotRun, Missing
from harness.stack import names as topology
from harness.stack.changes.image_names import built_name, image_names
from harness.stack.images import PULL_S, build, platform_of
from harness.stack.project import Project, read_project
from harness.world.docker_cli import docker, image_exists
from harness.world.handles import Release

TOLD_BY = ("command", "entrypoint")
TAKEN = (
    *TOLD_BY,
    "healthcheck",
    "user",
    "working_dir",
    "mem_limit",
    "cpus",
    "stop_signal",
    "stop_grace_period",
    "deploy",
)
"""What a release by `variables` takes from the files beside image and environment: the run's own file has it as they state it. A
container tells of the first two which release it is."""
LEFT = ("volumes", "configs", "secrets")
"""What it cannot take: the run has copies of its own, which were made before the stack started."""


@dataclass(frozen=True)
class Change:
    """What one service gets: another image ('' the one it has), variables beside those it has, and other settings of the Compose
    file in the place of its own (None: none)."""

    image: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


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
    again as a roll-out would: what the service is built from, its image, its environment and what is TAKEN are those that they
    then state; where they state other mounts too, the release is refused. What is built gets a name of ours, so that it moves no
    tag of theirs. A candidate is no part of that comparison: a release that differs by its environment alone runs on the
    candidate's image.
    """
    stated: dict[str, Change] = {}
    missing: list[Missing] = []
    project = project.as_stated
    other = _with_variables(project, release, profiles)
    making = functools.cache(functools.partial(_built, other, offline=offline, say=say))
    named, problem = _by_name(project, release, offline=offline, say=say)
    if problem is not None:
        raise CannotRun(problem)
    for service in release.services:
        ours, theirs = project.services.get(service), other.services.get(service)
        if ours is None or theirs is None:
            raise CannotRun(f"the stack has no service {service!r} to deploy")
        image, maker, problem = named, "", None
        if release.variables and not image:
            image, maker = _by_variables(project, other, service)
        if maker and not image:
            image, problem = making(maker)
        if problem is None and image and not image_exists(image):
            problem = _pulled(image, service, theirs, offline=offline, say=say)
            if problem and maker:  # as Compose itself does
                image, problem = making(maker)
        settings = {word: theirs.get(word) for word in TAKEN if theirs.get(word) != ours.get(word)}
        change = Change(image, {**_differing(ours, theirs), **release.environment}, settings)
        unlike = _cannot_take(project, other, service, change)
        missing += [one for one in (problem, unlike) if one]
        stated[service] = change
    if missing:
        raise CannotRun(*missing)
    return stated


def _by_variables(project: Project, other: Project, service: str) -> tuple[str, str]:
    """The image that a service gets by the other reading of the files ('' where it is to be built, or stays), and which service
    of the files builds it ('' none, or it stays)."""
    ours, theirs = project.services[service], other.services[service]
    image = str(theirs.get("image") or "")
    makers = [name for name, body in other.services.items() if body.get("build") and body.get("image") == image]
    maker = service if theirs.get("build") else next(iter(makers), "")
    if maker and other.services[maker]["build"] != project.services.get(maker, {}).get("build"):
        return "", maker
    return (image, maker) if image != str(ours.get("image") or "") else ("", "")


def _cannot_take(project: Project, other: Project, service: str, change: Change) -> Missing | None:
    """What the variables change of a service that a release of ours would leave out, or could not be told by."""
    ours, theirs = project.services[service], other.services[service]
    left = [word for word in LEFT if _stated_of(project, ours, word) != _stated_of(other, theirs, word)]
    if topology.replicas(project.config, service) != topology.replicas(other.config, service):
        left.append("the number of replicas")
    if lost := _lost(ours, theirs, change):
        return Missing(
            f"the variables of the release take {' and '.join(lost)} out of the environment of {service}, which a release here cannot",
            "let them change values alone, or deploy the release by `commands`",
        )
    if left:
        return Missing(
            f"the variables of the release change {' and '.join(left)} of {service} too, which a release here cannot",
            "let them change image, environment and command alone, or deploy the release by `commands`",
        )
    if change.settings and not (change.image or change.environment or any(map(change.settings.get, TOLD_BY))):
        return Missing(
            f"the variables of the release change {' and '.join(change.settings)} of {service} alone, by which its containers "
            "cannot be told from the good ones",
            "let the release change an environment variable too, such as `environment: {RELEASE: bad}`",
        )
    return None


def _lost(ours: Mapping[str, Any], theirs: Mapping[str, Any], change: Change) -> list[str]:
    """Variables of the container that the other reading of the files does not have any more."""
    before, after = ours.get("environment") or {}, theirs.get("environment") or {}
    kept = {name for name, value in after.items() if value is not None} | set(change.environment)
    return sorted(name for name, value in before.items() if value is not None and name not in kept)


def _stated_of(project: Project, body: Mapping[str, Any], word: str) -> Any:
    """What a service states under the word, and for configs and secrets what they are."""
    used = body.get(word) or []
    whole = project.config.get(word) or {} if word in ("configs", "secrets") else {}
    return used, [whole.get(one.get("source") if isinstance(one, dict) else one) for one in used if whole]


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
    """Build what the files state under a name of ours, upon the run's own images where it begins FROM another service's."""
    given = other.services[service]["build"]
    how = {word: value for word, value in given.items() if word != "context"}  # one name wherever the project lies
    digest = hashlib.sha256(json.dumps(how, sort_keys=True).encode()).hexdigest()[:8]
    image = f"{built_name(other.name, service)}:release-{digest}"
    if offline and image_exists(image):
        return image, None
    say(f"building {image}")
    config, _ = image_names(other.config)
    config["services"][service]["image"] = image
    return image, build(other, config, service)


def _pulled(
    image: str, service: str, body: Mapping[str, Any], *, offline: bool, say: Callable[[str], object]
) -> Missing | None:
    words = (*platform_of(body), image)
    if offline:
        return Missing(
            f"the image {image} of the release of {service} is not here, and offline nothing is pulled",
            shlex.join(("docker", "pull", *words)),
        )
    say(f"pulling {image}")
    answer = docker("pull", "--quiet", *words, within_s=PULL_S)
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
