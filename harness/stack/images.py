"""The images of a project: built under names of ours, pulled where allowed, and what they tell of ports and
environment."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.errors import CannotRun, Missing
from harness.stack.changes.image_names import image_names
from harness.stack.names import services
from harness.stack.project import Project, written
from harness.stack.texts import ImageInfo
from harness.world.docker_cli import CURE, docker, gone, image_exists, inspected, proxy_build_args, run

BUILD_S = 1800.0
PULL_S = 900.0


def ready_images(project: Project, *, offline: bool = False, say: Callable[[str], object] = lambda line: None) -> None:
    """Build what the project builds, pull what is missing. Offline nothing is pulled and only what is missing is built.

    Raises CannotRun with everything that is missing at once, each with its cure.
    """
    config, _ = image_names(project.config)
    missing: list[Missing] = []
    one_each = {body["image"]: name for name, body in reversed(services(config).items()) if body.get("build")}
    to_build = [name for name in services(config) if name in one_each.values()]
    to_build = [name for name in to_build if not (offline and image_exists(config["services"][name]["image"]))]
    for name in to_build:
        say(f"building {config['services'][name]['image']}")
    if to_build and (
        len(to_build) == 1 or build(project, config, *to_build)
    ):  # several at once; which fails tells one alone
        missing += _one_by_one(project, config, to_build)
    wanted = {
        str(body["image"]): name
        for name, body in services(config).items()
        if not body.get("build") and body.get("image")
    }
    built = {str(body["image"]) for body in services(config).values() if body.get("build")}
    absent = [image for image in wanted if image not in built and not image_exists(image)]
    for image in absent:
        words = ("pull", *platform_of(config["services"][wanted[image]]), image)
        cure = shlex.join(("docker", *words))
        if offline:
            missing.append(
                Missing(f"image {image} of service {wanted[image]} is not here, and offline nothing is pulled", cure)
            )
            continue
        say(f"pulling {image}")
        answer = docker("pull", "--quiet", *words[1:], within_s=PULL_S)
        if not answer.ok and gone(answer) and answer.code != 124:
            raise CannotRun(Missing(f"docker pull: {answer.why}", CURE))
        if not answer.ok:
            missing.append(Missing(f"image {image} of service {wanted[image]} cannot be pulled: {answer.why}", cure))
    if missing:
        raise CannotRun(*missing)


def _one_by_one(project: Project, config: dict[str, Any], names: list[str]) -> list[Missing]:
    """Build each; one that fails is tried again as long as another succeeds, for it may be based on that one."""
    while True:
        problems = {name: problem for name in names if (problem := build(project, config, name))}
        if len(problems) in (0, len(names)):
            return list(problems.values())
        names = list(problems)


def build(project: Project, config: dict[str, Any], *names: str) -> Missing | None:
    """Build services' images, under the names that the config gives them; what is missing when that fails."""
    bodies = {name: config["services"][name] for name in names}
    kept = ("build", "image", "platform")
    only = {
        **config,
        "services": {name: {key: body[key] for key in kept if key in body} for name, body in bodies.items()},
    }
    for word in ("networks", "volumes", "configs"):
        only.pop(word, None)
    command = ["docker", "compose", "--ansi", "never", "--project-directory", str(project.directory), "-f", "-"]
    answer = run(
        (*command, "build", "--quiet", *proxy_build_args(), *names),
        within_s=BUILD_S,
        cwd=project.directory,
        stdin=written(only),
    )
    if answer.ok:
        return None
    told = " ".join(names)
    return Missing(
        f"service {told} cannot be built: {answer.why}",
        f"docker compose -f {Path(project.files[0])} build {told}",
    )


def platform_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Of which platform a service's image is pulled, as options of `docker pull`; () for this machine's."""
    return ("--platform", str(body["platform"])) if body.get("platform") else ()


def image_info(project: Project) -> Mapping[str, ImageInfo]:
    """What the images tell, by service; one that is not here yet is left out."""
    config, _ = image_names(project.config)
    return info_of({name: str(body.get("image") or "") for name, body in services(config).items()})


def info_of(by_name: Mapping[str, str]) -> Mapping[str, ImageInfo]:
    """What these images tell, by service; one that is not here is left out."""
    told: dict[str, ImageInfo] = {}
    for image in dict.fromkeys(by_name.values()):
        for seen in inspected("image", image) if image else ():
            told[image] = _told(seen.get("Config") or {})
    return {name: told[image] for name, image in by_name.items() if image in told}


def _told(config: Mapping[str, Any]) -> ImageInfo:
    environment = dict(str(line).partition("=")[::2] for line in config.get("Env") or ())
    command = (*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ()))
    return ImageInfo(tuple(config.get("ExposedPorts") or ()), environment, tuple(map(str, command)))
