"""The images of the project's own stacks, compose/*/compose.yaml."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.doctor.command import fix_line
from harness.doctor.docker_cli import docker
from harness.doctor.images.registry import pull
from harness.doctor.seen import Say, Seen
from harness.errors import CannotRun, Missing
from harness.world.docker_cli import image_exists, proxy_build_args

BUILD_S = 1200.0
FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")


@dataclass(frozen=True)
class ServiceImagesCheck:
    """Every image that a service of them names. One that only says `build:` is built when its stack is started."""

    name: str = "service images"
    needs: tuple[str, ...] = ("engine", "compose", "base image")
    folder: str = "compose"

    def look(self) -> Seen:
        stacks = stack_files(Path(self.folder))
        try:
            wanted = {tag: file for file in stacks for tag in wanted_images(file)}
        except CannotRun as error:
            return Seen(self.name, "missing", str(error.missing[0].what), error.missing[0].cure)
        absent = [tag for tag in wanted if not image_exists(tag)]
        if absent:
            return Seen(self.name, "missing", f"no image {', '.join(absent)}", fix_line())
        return Seen(self.name, "ok", ", ".join(wanted) or f"no stack in {self.folder}/ names one")

    def fix(self, say: Say) -> None:
        for file in stack_files(Path(self.folder)):
            for tag, built in wanted_images(file).items():
                if image_exists(tag):
                    continue
                if built:
                    build(file, built, say)
                elif not pull(tag, say):
                    raise CannotRun(
                        Missing(f"{file} wants the image {tag}, which cannot be pulled", f"docker pull {tag}")
                    )


def stack_files(folder: Path) -> list[Path]:
    """The Compose file of each stack in the folder, in the order in which Compose itself looks for it."""
    found = ((stack / name for name in FILES if (stack / name).is_file()) for stack in sorted(folder.glob("*")))
    return [file for file in (next(names, None) for names in found) if file]


def wanted_images(file: Path) -> Mapping[str, str]:
    """Image -> the service that builds it ('' where none does), for every image a service of the file names.

    Raises errors.CannotRun when Compose cannot read the file.
    """
    said = docker("compose", "--file", str(file), "--profile", "*", "config", "--format", "json")
    if not said.ok:
        cure = f"docker compose --file {shlex.quote(str(file))} config"
        raise CannotRun(Missing(f"{file} cannot be read: {said.last}", cure))
    return named(json.loads(said.out))


def named(config: Mapping[str, Any]) -> dict[str, str]:
    """Image -> building service of what `docker compose config` gives; a builder goes before a user."""
    services: Mapping[str, Any] = config.get("services") or {}
    used = {settings["image"]: "" for settings in services.values() if settings.get("image")}
    built = {s["image"]: service for service, s in services.items() if s.get("image") and s.get("build")}
    return used | built


def build(file: Path, service: str, say: Say) -> None:
    """Build the image of one service with Compose. Raises errors.CannotRun with the builder's reason."""
    say(f"building the image of {service} in {file}")
    command = ("compose", "--file", str(file), "--profile", "*", "build", *proxy_build_args(), service)
    done = docker(*command, timeout_s=BUILD_S)
    if not done.ok:
        raise CannotRun(
            Missing(f"the image of {service} in {file} cannot be built: {done.last}", shlex.join(("docker", *command)))
        )
