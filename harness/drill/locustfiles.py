"""Which files `load.locustfile` names: a file, those of a list, and of a folder what Locust's `-f FOLDER` takes of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def located(texts: Sequence[str], base: Path) -> tuple[Path, ...]:
    """Each once, in the order of the list; of a folder in the order of their paths, so that each machine has the same."""
    found: dict[Path, None] = {}
    for text in texts:
        path = _resolved(base / text)
        found |= dict.fromkeys(inside(path) if path.is_dir() else (path,))
    return tuple(found)


def inside(folder: Path) -> list[Path]:
    """What Locust takes for locustfiles in a folder and the folders below it (locust.util.directory, get_abspaths_in)."""
    files = (Path(root) / name for root, _, names in os.walk(folder) for name in names)
    return sorted(path for path in files if path.suffix == ".py" and path.name[0] != "_" and path.is_file())


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):  # no path at all, which whoever opens it tells
        return path
