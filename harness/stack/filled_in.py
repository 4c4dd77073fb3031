"""The variables of the user's files that the run's own file has filled in, and where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from harness.stack.project import READ_S, Project
from harness.world.docker_cli import run


def filled_in(project: Project) -> dict[str, tuple[str, ...]]:
    """By variable, where the files have it (`services.api`), under whichever profile; {} where Compose does not tell."""
    named = [word for path in project.files if not path.is_dir() for word in ("-f", str(path.resolve()))]
    env_files = [word for path in project.env_files for word in ("--env-file", str(path))]
    command = ("docker", "compose", "--ansi", "never", *named, *env_files, "--profile", "*")
    answer = run((*command, "config", "--no-interpolate", "--format", "json"), within_s=READ_S, cwd=project.directory)
    try:
        return variables_of(json.loads(answer.out)) if answer.ok else {}
    except ValueError:
        return {}


def variables_of(config: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """The same of a file in which nothing was filled in."""
    found: dict[str, dict[str, None]] = {}
    for place, value in _parts(config):
        for name in re.findall(r"\$\{?([A-Za-z_]\w*)", json.dumps(value).replace("$$", "")):
            found.setdefault(name, {})[place] = None
    return {name: tuple(places) for name, places in found.items()}


def _parts(config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for word, part in config.items():
        if isinstance(part, dict):
            yield from ((f"{word}.{name}", value) for name, value in part.items())
        else:
            yield word, part
