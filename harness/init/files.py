"""Which Compose files a folder has, by Compose's own rules, and where a first drill goes; nothing is overwritten."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.drill.env_file import as_compose_reads
from harness.drill.problem import Invalid
from harness.drill.project import LATEST
from harness.errors import UsageError
from harness.stack.compose_files import NAMES, files_in


def compose_files(folder: Path, environ: Mapping[str, str], env_files: Sequence[Path] = ()) -> tuple[Path, ...]:
    """The files that `docker compose` would read in this folder, where `.env`, or the env files in its place, may set COMPOSE_FILE.
    Raises UsageError with what to do when there is none."""
    named = tuple(folder / one for one in environ.get("COMPOSE_ENV_FILES", "").split(",") if one)
    told = {**_set_in(env_files or named or (folder / ".env",), environ), **environ}
    if found := files_in(folder, told):
        return found
    raise UsageError(
        f"{folder}: there is no Compose file here ({', '.join(NAMES)}); name one: drill init -f PATH, or start with ours: "
        "drill init --example checkout"
    )


def _set_in(files: Sequence[Path], environ: Mapping[str, str]) -> dict[str, str]:
    """What env files set, the last one before others; what is wrong with one Compose tells."""
    told: dict[str, str] = {}
    for file in files:
        try:
            told |= as_compose_reads(file, {**told, **environ})[0]
        except Invalid:
            continue
    return told


def variables(folder: Path, files: Sequence[Path]) -> tuple[Path, ...]:
    """The env files of a project whose first file lies in another folder than Compose is called in: its own `.env`, and this folder's
    over it. None where Compose finds the only one by itself."""
    home = files[0].parent
    if home.resolve() == folder.resolve() or not (folder / ".env").is_file():
        return ()
    return tuple(path for path in (home / ".env", folder / ".env") if path.is_file())


def drill_name(given: str, project: str) -> str:
    """A name that a drill and its two files can bear. Raises UsageError for a given one that cannot."""
    if given:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", given):
            raise UsageError(f"{given!r} is no name for a drill: letters, digits, -, _ and . only, and no path")
        if given.startswith(("compose.", "docker-compose.")) or given in ("compose", "docker-compose"):
            raise UsageError(f"{given!r} is the name of a Compose file; take another for the drill")
        if given == LATEST:
            raise UsageError(f"{given!r} names the newest run of all drills; take another for the drill")
        return given
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", project).strip("-_")[:60] or "first"
    return f"{name}-drill" if name in ("compose", "docker-compose", LATEST) else name


def module_name(name: str) -> str:
    """The locustfile's name: a Python module's."""
    module = re.sub(r"\W", "_", name, flags=re.ASCII).lower()
    return f"drill_{module}" if module[0].isdigit() else module


@dataclass(frozen=True)
class File:
    """One file to be written."""

    path: Path
    text: str


def write(files: Sequence[File], *, force: bool = False) -> None:
    """Write all of them or none. Raises UsageError with every one that is there already, unless `force`, and for what cannot
    be written."""
    there = [
        f"{_shown(file.path)}: it is there already; nothing was written (--force overwrites it)"
        for file in files
        if os.path.lexists(file.path)
    ]
    if there and not force:
        raise UsageError(*there)
    for file in files:
        try:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            with open(file.path, "w" if force else "x", encoding="utf-8") as handle:
                handle.write(file.text)
        except OSError as error:
            raise UsageError(f"{_shown(file.path)}: it cannot be written: {error.strerror or error}") from None


def settings(folder: Path, drills: Path) -> File | None:
    """pyproject.toml with [tool.drill], where the drill's folder would not be found without it; None where it can.

    Raises UsageError where the file has other settings of drill's, which nobody but its owner should change.
    """
    from harness.drill.project import find_project

    if find_project(folder).drills.resolve() == drills.resolve():
        return None
    path = folder / "pyproject.toml"
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    if re.search(r"^\s*\[tool\.drill\]", before, re.MULTILINE):
        raise UsageError(
            f"{_shown(path)}: its [tool.drill] names another folder of drills; leave --drills out, or change it there"
        )
    table = "# Where `drill` finds drills and keeps its runs.\n[tool.drill]\n"
    import json

    table += f'drills = {json.dumps(os.path.relpath(drills, folder))}\nruns = "runs"\n'
    return File(path, (before.rstrip("\n") + "\n\n" if before.strip() else "") + table)


def _shown(path: Path) -> str:
    from harness.drill.problem import shown_path

    return shown_path(path)
