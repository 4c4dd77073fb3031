"""The configuration file that a service will read, found before it starts: in a mount, a config, or its image."""

from __future__ import annotations

import io
import itertools
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from harness.errors import CannotRun
from harness.stack import names as topology
from harness.stack.changes.image_names import image_names
from harness.stack.observed import command_of, flag
from harness.stack.project import Project
from harness.world.docker_cli import docker, inspected

ALERTMANAGER = ("/etc/alertmanager/alertmanager.yml", "/etc/prometheus/alertmanager.yml")
PROMETHEUS = ("/etc/prometheus/prometheus.yml",)
"""Where they look for it when no --config.file tells: upstream's images, and Debian's packages."""
MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class ConfigFile:
    """Its text and its path in the service; `why` says why it is not known."""

    text: str = ""
    path: str = ""
    why: str = ""


def config_file(project: Project, service: str, usual: Sequence[str]) -> ConfigFile:
    """The file of --config.file of a service, else the first of the usual ones. Starts and pulls nothing; Docker is asked only for
    what no file tells. Raises CannotRun where it would have to tell, and is not there."""
    body = topology.services(project.config)[service]
    image = str(image_names(project.config)[0]["services"][service].get("image") or "")
    words, away = command_of(body), None
    if not flag(words, "config.file"):
        try:
            words += _command_of(image)
        except CannotRun as error:
            away = error
    stated = flag(words, "config.file")
    for path in (stated,) if stated else usual:
        for text in itertools.chain(_from_file(project, body, path), () if away else _from_image(image, path)):
            return ConfigFile(text, path)
    if away:
        raise away
    return ConfigFile(why=f"its configuration {stated or ' or '.join(usual)} is neither in its mounts nor in its image")


def _command_of(image: str) -> list[str]:
    """Entrypoint and command of an image; [] where it is not here."""
    configs = [seen.get("Config") or {} for seen in (inspected("image", image) if image else ())]
    return [str(word) for one in configs for word in (*(one.get("Entrypoint") or ()), *(one.get("Cmd") or ()))]


def _from_file(project: Project, body: dict[str, Any], path: str) -> Iterator[str]:
    """From a bind mount of the file or of a folder above it, or from a config of the Compose file."""
    for mount in body.get("volumes") or ():
        if mount.get("type") != "bind":
            continue
        inner = below(path, str(mount.get("target")))
        if inner is not None:
            yield from _read(Path(str(mount["source"])) / inner if inner else Path(str(mount["source"])))
    for use in body.get("configs") or ():
        source = use if isinstance(use, str) else str(use.get("source"))
        target = f"/{source}" if isinstance(use, str) else str(use.get("target") or f"/{source}")
        given = (project.config.get("configs") or {}).get(source) or {}
        if target == path:
            if given.get("content"):
                yield str(given["content"])
            elif given.get("file"):
                yield from _read(Path(str(given["file"])))


def below(path: str, folder: str) -> str | None:
    """The path from a folder on: '' for the folder itself, None for what lies elsewhere."""
    try:
        inner = str(PurePosixPath(path).relative_to(PurePosixPath(folder)))
    except ValueError:
        return None
    return "" if inner == "." else inner


def _read(path: Path) -> Iterator[str]:
    try:
        if path.is_file() and path.stat().st_size <= MOST_BYTES:
            yield path.read_text(errors="replace")
    except OSError:
        return


def _from_image(image: str, path: str) -> Iterator[str]:
    """By way of a container that is made and removed, never started; of an image that is here. Raises CannotRun without Docker."""
    if not image or not inspected("image", image):
        return
    made = docker("create", "--pull", "never", "--network", "none", image, "true")
    if not made.ok:
        return
    name = made.out.strip()
    try:
        copied = subprocess.run(
            ("docker", "cp", "--follow-link", f"{name}:{path}", "-"), capture_output=True, timeout=30, check=False
        )
        if copied.returncode == 0 and len(copied.stdout) <= MOST_BYTES:
            with tarfile.open(fileobj=io.BytesIO(copied.stdout)) as archive:
                for member in archive:
                    file = archive.extractfile(member)
                    if file is not None:
                        yield file.read().decode("utf-8", "replace")
                        return
    except (OSError, subprocess.TimeoutExpired, tarfile.TarError):
        return
    finally:
        docker("rm", "--force", "--volumes", name)
