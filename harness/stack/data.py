"""What the drill's `data:` says of volumes and bind mounts, and the filling of private volumes from the real ones."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from harness.errors import CannotRun, Missing, UsageError
from harness.stack.binds import COPY_S, binds
from harness.stack.changes.identity import RUN_LABEL, project_name
from harness.stack.changes.private_volumes import Data, original_name
from harness.stack.project import Project
from harness.world.docker_cli import asked, docker

WORDS = ("private", "copy", "shared")


def wrong_data(project: Project, data: Mapping[str, str]) -> dict[str, str]:
    """By name, what is wrong with what is said of it: a word that is none, no such volume or bind mount."""
    volumes = project.config.get("volumes") or {}
    sources = {bind.written for bind in binds(project.config)}
    wrong = {}
    for name, word in data.items():
        if word not in WORDS:
            wrong[name] = f"{name}: {word!r} is none of {', '.join(WORDS)}"
        elif name not in volumes and not {name, _path(project, name)} & sources:
            close = difflib.get_close_matches(name, [*volumes, *sources], n=1)
            near = f" (did you mean {close[0]!r}?)" if close else ""
            wrong[name] = f"there is no volume or bind mount {name!r}{near}"
    return wrong


def read_data(project: Project, data: Mapping[str, str]) -> tuple[dict[str, Data], tuple[Path, ...]]:
    """The volumes' modes by their key, and the bind sources that are shared. A bind is named by its path on the host.

    Raises UsageError for a word or a name that does not exist, all at once.
    """
    if wrong := wrong_data(project, data):
        raise UsageError(*(f"data: {what}" for what in wrong.values()))
    volumes = project.config.get("volumes") or {}
    modes = {name: cast(Data, word) for name, word in data.items() if name in volumes}
    shared = [name for name, word in data.items() if name not in volumes and word == "shared"]
    return modes, tuple(Path(_path(project, name)) for name in shared)


def _path(project: Project, name: str) -> str:
    return name if name.startswith("/") else str((project.directory / name).resolve())


def check_originals(project: Project, modes: Mapping[str, Data]) -> None:
    """Raises CannotRun when a volume that is to be copied or shared does not exist: Docker would make an empty one
    instead."""
    missing = [
        Missing(f"data: {key}: {mode}: there is no volume {original_name(project.config, key)}", "docker volume ls")
        for key, mode in modes.items()
        if mode != "private" and not docker("volume", "inspect", original_name(project.config, key)).ok
    ]
    if missing:
        raise CannotRun(*missing)


def fill(project: Project, modes: Mapping[str, Data], run_id: str, image: str) -> list[str]:
    """Make and fill the private volumes that are copies. The real one is mounted read-only. Raises CannotRun."""
    said = []
    for key, mode in modes.items():
        if mode != "copy":
            continue
        original, private = original_name(project.config, key), f"{project_name(run_id)}_{key}"
        labels = {
            RUN_LABEL: run_id,
            "com.docker.compose.project": project_name(run_id),
            "com.docker.compose.volume": key,
        }
        asked("volume", "create", *(part for pair in labels.items() for part in ("--label", "=".join(pair))), private)
        answer = docker(
            "run", "--rm", "--network", "none", "--label", f"{RUN_LABEL}={run_id}",
            "-v", f"{original}:/from:ro", "-v", f"{private}:/to", image, "cp", "-a", "/from/.", "/to/", within_s=COPY_S,
        )  # fmt: skip
        if not answer.ok:
            raise CannotRun(f"data: {key}: copy of {original} failed: {answer.why}")
        said.append(f"volume {key} filled from {original}; of something that runs this is as after a power cut")
    return said
