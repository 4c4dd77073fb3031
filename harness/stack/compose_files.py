"""Which files `docker compose` reads in a folder, by its own rules."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = ("compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml")  # fmt: skip
"""Each in the order in which Compose prefers them: it takes the first of both, whatever the other is called."""


def files_in(folder: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Those of COMPOSE_FILE, else one of NAMES with one of OVERRIDES; () where there is none.

    Where `.env` sets COMPOSE_FILE and `environ` does not, the folder itself: Compose then reads it.
    """
    stated = environ.get("COMPOSE_FILE", "")
    if stated:
        separator = environ.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
        return tuple(folder / one for one in stated.split(separator) if one)
    if _says_compose_file(folder / ".env"):
        return (folder,)
    base, override = (
        [folder / name for name in names if (folder / name).is_file()][:1] for names in (NAMES, OVERRIDES)
    )
    return (*base, *override) if base else ()


def _says_compose_file(file: Path) -> bool:
    try:
        return any(re.match(r"\s*(export\s+)?COMPOSE_FILE\s*=\s*\S", line) for line in file.read_text().splitlines())
    except (OSError, UnicodeDecodeError):
        return False
