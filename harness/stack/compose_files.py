"""Which files `docker compose` reads in a folder, by its own rules."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""In the order in which Compose prefers them."""


def files_in(folder: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Those of COMPOSE_FILE, else one of NAMES with its override; () where there is none.

    Where `.env` sets COMPOSE_FILE, the folder itself: Compose then reads it.
    """
    stated = environ.get("COMPOSE_FILE", "")
    if stated:
        separator = environ.get("COMPOSE_PATH_SEPARATOR", os.pathsep)
        return tuple(folder / one for one in stated.split(separator) if one)
    if _says_compose_file(folder / ".env"):
        return (folder,)
    for name in NAMES:
        if (folder / name).is_file():
            stem = name.rpartition(".")[0]
            overrides = (folder / f"{stem}.override.{suffix}" for suffix in ("yaml", "yml"))
            return (folder / name, *[one for one in overrides if one.is_file()][:1])
    return ()


def _says_compose_file(file: Path) -> bool:
    try:
        return any(re.match(r"\s*(export\s+)?COMPOSE_FILE\s*=\s*\S", line) for line in file.read_text().splitlines())
    except (OSError, UnicodeDecodeError):
        return False
