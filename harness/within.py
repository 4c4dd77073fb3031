"""A file that a run's folder names, found inside of that folder or not at all: names in it come from services and other machines."""

from __future__ import annotations

import re
from pathlib import Path


class Outside(OSError):
    """The name leads out of the folder: by `..`, from the root, or through a link."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is not in the run's folder")
        self.strerror = str(self.args[0])


def within(folder: Path, name: str) -> Path:
    """The path of `name` in the folder. Raises Outside, which is an OSError as for a file that is not there.

    A link counts as outside, wherever it leads: a run writes none.
    """
    try:
        path = folder / name
        place = folder.resolve()
        if not name or path.resolve() != place / name or not path.resolve().is_relative_to(place):
            raise Outside(name)
    except (ValueError, RuntimeError):  # a zero byte; a loop of links
        raise Outside(name) from None
    return path


def file_name(text: str) -> str:
    """A text of others as the name of one file: letters, digits, '.', '_' and '-' of it, and never a folder's."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).lstrip(".")[:200] or "-"
