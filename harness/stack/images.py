"""The images of a project: built under names of ours, pulled where allowed, and what they tell of ports and
environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.errors import CannotRun, Missing
from harness.stack.changes.image_names import image_names
from harness.stack.docker import CURE, docker, gone, inspected, run
from harness.stack.names import services
from harness.stack.project import Project, written
from harness.stack.texts import ImageInfo

BUILD_S = 1800.0
PULL_S = 900.0
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def ready_images(project: Project, *, offline: bool = False, say: Callable[[str], object] = lambda line: None) -> None:
    """Build what the project builds, pull what is missing. Offline nothing is pulled and only what is missing is built.

    Raises CannotRun with everything that is missing at once, each with its cure.
    """
    config, _ = image_names(project.config)
    missing: list[Missing] = []
    one_each = {body["image"]: name for name, body in reversed(services(config).items()) if body.get("build")}
    to_build = [name for name in services(config) if name in one_each.values()]
    to_build = [name for name in to_build if not (offline and exists(config["services"][name]["image"]))]
    while to_build:
        problems = {}
        for name in to_build:
            say(f"building {config['services'][name]['image']}")
            problem = build(project, config, name)
            if problem:
                problems[name] = problem
        if len(problems) in (0, len(to_build)):
            missing += problems.values()
            break
        to_build = list(problems)  # it may be based on one that has just been built
    wanted = {
        str(body["image"]): name
        for name, body in services(config).items()
        if not body.get("build") and body.get("image")
    }
    built = {str(body["image"]) for body in services(config).values() if body.get("build")}
    absent = [image for image in wanted if image not in built and not exists(image)]
    for image in absent:
        cure = f"docker pull {image}"
        if offline:
            missing.append(
                Missing(f"image {image} of service {wanted[image]} is not here, and offline nothing is pulled", cure)
            )
            continue
        say(f"pulling {image}")
        answer = docker("pull", "--quiet", image, within_s=PULL_S)
        if not answer.ok and gone(answer) and answer.code != 124:
            raise CannotRun(Missing(f"docker pull: {answer.why}", CURE))
        if not answer.ok:
            missing.append(Missing(f"image {image} of service {wanted[image]} cannot be pulled: {answer.why}", cure))
    if missing:
        raise CannotRun(*missing)


def exists(image: str) -> bool:
    """Whether an image of this name is here."""
    return docker("image", "inspect", "--format", "{{.Id}}", image).ok


def build(project: Project, config: dict[str, Any], service: str) -> Missing | None:
    """Build one service's image, under the name that the config gives it; what is missing when that fails."""
    arguments = [part for name in _PROXIES if os.environ.get(name) for part in ("--build-arg", name)]
    body = config["services"][service]
    only = {**config, "services": {service: {key: body[key] for key in ("build", "image", "platform") if key in body}}}
    for word in ("networks", "volumes", "configs"):
        only.pop(word, None)
    command = ["docker", "compose", "--ansi", "never", "--project-directory", str(project.directory), "-f", "-"]
    answer = run(
        (*command, "build", "--quiet", *arguments, service),
        within_s=BUILD_S,
        cwd=project.directory,
        stdin=written(only),
    )
    if answer.ok:
        return None
    return Missing(
        f"service {service} cannot be built: {answer.why}",
        f"docker compose -f {Path(project.files[0])} build {service}",
    )


def image_info(project: Project) -> Mapping[str, ImageInfo]:
    """What the images tell, by service; one that is not here yet is left out."""
    config, _ = image_names(project.config)
    by_name = {name: str(body.get("image") or "") for name, body in services(config).items()}
    told: dict[str, ImageInfo] = {}
    for image in dict.fromkeys(by_name.values()):
        for seen in inspected("image", image) if image else ():
            told[image] = _told(seen.get("Config") or {})
    return {name: told[image] for name, image in by_name.items() if image in told}


def _told(config: Mapping[str, Any]) -> ImageInfo:
    environment = dict(str(line).partition("=")[::2] for line in config.get("Env") or ())
    command = (*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ()))
    return ImageInfo(tuple(config.get("ExposedPorts") or ()), environment, tuple(map(str, command)))
