"""All text that a service can read its dependencies' names from: environment, commands, configs, mounted text files."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, Literal

from harness.stack.names import Config, services

FILE_BYTES = 256 * 1024
MOUNT_BYTES = 8 * 1024 * 1024
MOUNT_FILES = 3000
"""A mounted file longer than the first is no configuration; of a mounted tree we read so much and so many, not more."""

SKIPPED = {
    ".git",
    ".hg",
    "node_modules",
    "vendor",
    ".venv",
    "venv",
    "__pycache__",
    ".mypy_cache",
    ".tox",
    "target",
    ".idea",
}

_COMPOSE = re.compile(r"(?:docker-)?compose[\w.\-]*\.ya?ml")
"""Compose files speak of every service and address of the project: what one of them is told by it, none reads there."""

PROGRAMS = {".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".tsx", ".vue", ".svelte", ".css", ".scss", ".html", ".htm", ".map", ".md", ".rst", ".txt", ".py", ".rb", ".php", ".go", ".java", ".kt", ".rs", ".c", ".h", ".cpp", ".cs", ".sql", ".log", ".csv", ".svg", ".po"}  # fmt: skip
"""Programs and pages: what two words beside each other mean in a configuration they do not mean there."""

Kind = Literal["environment", "command", "file"]


@dataclass(frozen=True)
class Text:
    """One text of a service. `where` is for people; `key` is the variable's name, `inside` the file's path in the container,
    `folder` whether it came with a mounted folder."""

    kind: Kind
    where: str
    body: str
    key: str = ""
    inside: str = ""
    folder: bool = False

    @property
    def program(self) -> bool:
        return self.kind == "file" and PurePath(self.where).suffix.lower() in PROGRAMS


@dataclass(frozen=True)
class ImageInfo:
    """What an image tells beside the file: `exposed` as '5432/tcp', its environment and its command."""

    exposed: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None
    command: tuple[str, ...] = ()


def texts(
    config: Config, service: str, directory: Path, image: ImageInfo | None = None, compose: Sequence[Path] = ()
) -> tuple[Text, ...]:
    """The texts of one service. Unreadable files are left out: a mount that needs another user is not ours to read; so are the
    project's own Compose files, whatever they are called (`compose`), though it is mounted whole."""
    body = services(config)[service]
    own = body.get("environment") or {}
    found = [
        Text("environment", f"environment {key}", str(value), key) for key, value in own.items() if value is not None
    ]
    if image:
        found += [
            Text("environment", f"image environment {key}", value, key)
            for key, value in (image.environment or {}).items()
            if key not in own
        ]
    for word in ("command", "entrypoint"):
        if body.get(word):
            found.append(Text("command", word, _joined(body[word])))
    if image and image.command and not (body.get("command") or body.get("entrypoint")):
        found.append(Text("command", "image command", " ".join(image.command)))
    found += _contents(config, body, directory)
    found += _mounts(body, directory, {path.resolve() for path in compose})
    return tuple(found)


def _joined(value: Any) -> str:
    return " ".join(str(part) for part in value) if isinstance(value, list) else str(value)


def _contents(config: Config, body: Mapping[str, Any], directory: Path) -> Iterator[Text]:
    for word, one, folder in (("configs", "config", "/"), ("secrets", "secret", "/run/secrets")):
        for use in body.get(word) or ():
            source = use if isinstance(use, str) else str(use.get("source"))
            target = source if isinstance(use, str) else str(use.get("target") or source)
            given = (config.get(word) or {}).get(source) or {}
            text = str(given.get("content") or "") or (_read(Path(given["file"])) if given.get("file") else "")
            if text:
                yield Text("file", f"{one} {source}", text, inside=str(PurePosixPath(folder, target)))


def _mounts(body: Mapping[str, Any], directory: Path, compose: Collection[Path]) -> Iterator[Text]:
    for mount in body.get("volumes") or ():
        if mount.get("type") != "bind":
            continue
        source = Path(str(mount["source"]))
        left = MOUNT_BYTES
        for path in _files(source):
            if _COMPOSE.fullmatch(path.name) or (path.suffix in (".yml", ".yaml") and path.resolve() in compose):
                continue
            text = _read(path)
            if text:
                left -= len(text)
                inside = PurePosixPath(str(mount.get("target") or "/"), path.relative_to(source))
                where = f"file {_shown(path, directory)}"
                yield Text("file", where, text, inside=str(inside), folder=path != source)
            if left < 0:
                break


def _files(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
        return
    # A mounted system tree (/, /proc, /var/run …) holds no configuration of this service.
    if (
        not source.is_dir()
        or len(source.resolve().parts) < 3
        or source.resolve().parts[1] in ("proc", "sys", "dev", "run")
    ):
        return
    count = 0
    for folder, folders, files in os.walk(source, onerror=None):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(files):
            count += 1
            if count > MOUNT_FILES:
                return
            yield Path(folder, name)


def _read(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > FILE_BYTES:
            return ""
        data = path.read_bytes()
    except OSError:
        return ""
    return "" if b"\0" in data[:4096] else data.decode("utf-8", "replace")


def _shown(path: Path, directory: Path) -> str:
    try:
        return str(path.relative_to(directory))
    except ValueError:
        return str(path)
