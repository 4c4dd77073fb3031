"""The configuration file that a service will read, found before it starts: in a mount, a config, or its image."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
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
LOKI = ("/etc/loki/local-config.yaml",)
"""Where they look for it when no --config.file tells: upstream's images, and Debian's packages."""
MOST_BYTES = 4 * 1024 * 1024
_SERVERS = ("alertmanager", "prometheus", "loki", "mimir", "cortex")
_WRAPPERS = ("tini", "dumb-init", "docker-init", "catatonit", "gosu", "su-exec", "nobody")
"""Programs that start the next word of their command and do nothing else."""


@dataclass(frozen=True)
class ConfigFile:
    """Its text and its path in the service; `why` says why it is not known, `doubt` why the service may read another."""

    text: str = ""
    path: str = ""
    why: str = ""
    doubt: str = ""


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
    for path in stated.split(",") if stated else usual:  # of several Loki takes the first that is there
        if _written(words, path):
            return ConfigFile(path=path, why=f"its configuration {path} is written by its own command when it starts")
        for text in mounted(project, body, path):
            return ConfigFile(text, path)
        if volumes := volumes_over(body, path):
            return ConfigFile(
                path=path, why=f"its configuration {path} is in the volume {volumes[0]}, which is filled elsewhere"
            )
        for text in () if away else _from_image(image, path):
            return ConfigFile(text, path, doubt=_script(body, image))
    if away:
        raise away
    return ConfigFile(why=f"its configuration {stated or ' or '.join(usual)} is neither in its mounts nor in its image")


def _command_of(image: str) -> list[str]:
    """Entrypoint and command of an image; [] where it is not here."""
    configs = [seen.get("Config") or {} for seen in (inspected("image", image) if image else ())]
    return [str(word) for one in configs for word in (*(one.get("Entrypoint") or ()), *(one.get("Cmd") or ()))]


def _written(words: Sequence[str], path: str) -> bool:
    """Whether a command names a file elsewhere than as what is read, or puts something into its folder: `sed … > FILE && …`."""
    text = re.sub(r"(?<![\w-])--?config\.file(=|\s+)['\"]?[\w./,-]+", " ", " ".join(words))
    folder = re.escape(str(PurePosixPath(path).parent))
    return bool(re.search(rf"{re.escape(path)}(?![\w./-])|(?<=[\s>'\"]){folder}/?(?=[\s;&|'\")]|$)", text))


def volumes_over(body: Mapping[str, Any], path: str) -> list[str]:
    """The volumes in which a file or folder lies."""
    mounts = [one for one in body.get("volumes") or () if below(path, str(one.get("target"))) is not None]
    return [str(one.get("source") or one.get("target")) for one in mounts if one.get("type") != "bind"]


def _script(body: Mapping[str, Any], image: str) -> str:
    """Why a service may make its configuration when it starts, where a program that is not the server itself starts it, or ''."""
    words = [*(() if body.get("entrypoint") else _command_of(image)), *command_of(body)]
    program = next((word for word in words if not (word.startswith("-") or _name(word) in _WRAPPERS)), "")
    if any(server in _name(program) for server in _SERVERS) and not program.endswith(".sh"):
        return ""
    return f"its image starts {program or 'nothing'}, which may write another configuration"


def _name(word: str) -> str:
    return word.rpartition("/")[2]


def bare_in_image(project: Project, service: str, folder: str) -> bool:
    """Whether the image of a service, which is here, has no file in a folder. Starts nothing."""
    image = str(image_names(project.config)[0]["services"][service].get("image") or "")
    try:
        return bool(image and inspected("image", image)) and _bare(image, folder)
    except CannotRun:
        return False


@cache
def _bare(image: str, folder: str) -> bool:
    copied = _copied(image, folder)
    if copied is None or copied.returncode:
        return copied is not None and b"find the file" in copied.stderr
    try:
        with tarfile.open(fileobj=io.BytesIO(copied.stdout)) as archive:
            return all(member.isdir() for member in archive)
    except tarfile.TarError:
        return False


def mounted(project: Project, body: Mapping[str, Any], path: str) -> Iterator[str]:
    """A file as the service has it from a bind mount of it or of a folder above it, or from a config or secret of the Compose file."""
    for mount in body.get("volumes") or ():
        if mount.get("type") != "bind":
            continue
        inner = below(path, str(mount.get("target")))
        if inner is not None:
            yield from _read(Path(str(mount["source"])) / inner if inner else Path(str(mount["source"])))
    for target, given in (*configs_of(project, body), *_given(project, body, "secrets", "/run/secrets")):
        if target == path:
            yield from config_text(given)


def configs_of(project: Project, body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The Compose file's configs in a service: where each stands there, and what it is."""
    return _given(project, body, "configs", "/")


def _given(project: Project, body: Mapping[str, Any], key: str, folder: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for use in body.get(key) or ():
        source = use if isinstance(use, str) else str(use.get("source"))
        target = "" if isinstance(use, str) else str(use.get("target") or "")
        yield str(PurePosixPath(folder) / (target or source)), (project.config.get(key) or {}).get(source) or {}


def config_text(given: Mapping[str, Any]) -> Iterator[str]:
    """What a config holds; nothing where that is not known here."""
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
    copied = _copied(image, path) if image and inspected("image", image) else None
    if copied is None or copied.returncode or len(copied.stdout) > MOST_BYTES:
        return
    with contextlib.suppress(tarfile.TarError), tarfile.open(fileobj=io.BytesIO(copied.stdout)) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                yield file.read().decode("utf-8", "replace")
                return


def _copied(image: str, path: str) -> subprocess.CompletedProcess[bytes] | None:
    """What `docker cp` gives of an image, by way of a container that is made and removed, never started; None without one."""
    made = docker("create", "--pull", "never", "--network", "none", image, "true") if image else None
    if made is None or not made.ok:
        return None
    name = made.out.strip()
    words = ("docker", "cp", "--follow-link", f"{name}:{path}", "-")
    try:
        return subprocess.run(words, capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    finally:
        docker("rm", "--force", "--volumes", name)
