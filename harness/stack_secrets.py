"""The secrets that a resolved Compose file holds or names: to be masked wherever a run writes or shows anything. Reads secret files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.masking import Secret, names_secret, passwords_in

LARGEST_FILE = 64 * 1024
_OPTION = re.compile(
    r"--?([A-Za-z-]{0,30}(?:password|passwd|secret|token|requirepass|api-?key)[A-Za-z-]{0,30})[= ](\S+)", re.IGNORECASE
)


def secrets_in(project: Mapping[str, Any]) -> tuple[Secret, ...]:
    """Of a resolved Compose file: variables called so, passwords in URLs and in options of commands, and Compose's own `secrets:`.

    A value that is also a name of the stack, or the value of a variable that is no secret (an example's user and password are
    often the same word), is none: it stands in every log. Raises what a file of another shape makes it raise.
    """
    services = {name: body or {} for name, body in (project.get("services") or {}).items()}
    told = [
        (str(name), str(value))
        for service in services.values()
        for name, value in (service.get("environment") or {}).items()
        if value
    ]
    plain = {str(project.get("name", "")), *services}
    plain |= {value for name, value in told if not names_secret(name)}
    found: dict[str, Secret] = {}
    for name, value in (*_variables(told), *_options(services), *_files(project)):
        if value and value not in plain:
            found.setdefault(value, Secret(name, value))
    return tuple(found.values())


def _variables(told: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for name, value in told:
        if names_secret(name) and not name.endswith("_FILE"):
            yield name, value
        yield from ((name, password) for password in passwords_in(value))


def _options(services: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for service, body in services.items():
        for key in ("command", "entrypoint"):
            given = body.get(key) or ()
            text = given if isinstance(given, str) else " ".join(map(str, given))
            yield from ((f"{service} {match[1]}", match[2]) for match in _OPTION.finditer(text))
            yield from ((f"{service} {key}", password) for password in passwords_in(text))


def _files(project: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the secrets of the Compose file hold, each whole, without the end of its last line."""
    for name, body in (project.get("secrets") or {}).items():
        given = body or {}
        if given.get("content"):
            yield str(name), str(given["content"]).strip()
        if given.get("environment"):
            yield str(name), os.environ.get(str(given["environment"]), "").strip()
        if given.get("file"):
            try:
                path = Path(str(given["file"]))
                if path.is_file() and path.stat().st_size <= LARGEST_FILE:
                    yield str(name), path.read_text(encoding="utf-8", errors="replace").strip()
            except OSError:
                continue
