"""What `docker compose config` tells beside its answer: what it warns of, and which file it refuses. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

_LINE = re.compile(r'(?:time=\S+ )?level=(?P<level>\w+) msg=(?P<text>"(?:[^"\\]|\\.)*"|\S+)')
_HARMLESS = "the attribute `version` is obsolete"


def warnings(errors: str) -> tuple[str, ...]:
    """Each thing that it warns of, once; not that an old file states a version, which changes nothing."""
    found = [match for line in errors.splitlines() if (match := _LINE.match(line.strip()))]
    texts = [_unquoted(match["text"]) for match in found if match["level"] == "warning"]
    return tuple(dict.fromkeys(text for text in texts if _HARMLESS not in text))


def complaint(errors: str) -> str:
    """Its errors without the lines of its log."""
    return "\n".join(line for line in errors.splitlines() if not _LINE.match(line.strip()))


def blamed(why: str, files: Mapping[Path, Path], alone: Callable[[Path], str]) -> str:
    """Why it refuses the files, and which of them: the one that it names, else the one that it refuses alone for the same, else all.

    files   by the path that Compose was given, the one that the user gave
    alone   why Compose refuses one of them without the others
    """
    if any(str(file) in why for file in files):
        return why
    same = [file for file in files if len(files) > 1 and alone(file) == why]
    named = same if len(same) == 1 else list(files)
    return f"{', '.join(str(files[file]) for file in named)}: {why}"


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:  # of Go's escapes, which are not all JSON's
        return text.removeprefix('"').removesuffix('"')
