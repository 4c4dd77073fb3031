"""The secrets that a resolved Compose file holds or names: to be masked wherever a run writes or shows anything. Reads secret files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.masking import Secret, names_secret, passwords_in
from harness.secret_words import is_word, spoken

LARGEST_FILE = 64 * 1024
_OPTION = re.compile(
    r"--?([A-Za-z-]{0,30}(?:password|passwd|secret|token|requirepass|api-?key)[A-Za-z-]{0,30})[= ](\S+)", re.IGNORECASE
)
_URL = re.compile(
    r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}://([^\s/:@]{0,200}):([^\s/@]{1,500})@([^\s?#\"']{0,500})", re.IGNORECASE
)
"""Its user, its password, and its host with what follows: a database, a queue's host."""
_NAMED = re.compile(r"[^\s/:,]+")
_NAMING = re.compile(r"(?:user|login|name|role|owner|database|db)$", re.IGNORECASE)


def secrets_in(project: Mapping[str, Any], said: str = "") -> tuple[Secret, ...]:
    """Of a resolved Compose file: variables called so, passwords in URLs and in options of commands, and Compose's own `secrets:`.

    said   the drill, as a run keeps it
    A value that names something of the stack as well (an example's user and password are often the same word), or is a word of a
    variable that is no secret, or of the drill, is `public`: it stands in every log. Raises what a file of another shape makes it raise.
    """
    found: dict[str, Secret] = {}
    plain = [(name, value) for name, value in _environment(project) if not names_secret(name)]
    names = _names(project) | {value for name, value in plain if _NAMING.search(name)}
    values = (value for _, value in plain if not re.search(r"\s", value))
    text = "\n".join((*names, *values, *_labels_and_folders(project), said))
    for name, value in _told(project):
        if value:
            found.setdefault(value, Secret(name, value, public=value in names or spoken(value, text)))
    return tuple(found.values())


def _told(project: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _variables(_environment(project))
    yield from _options(_services(project))
    yield from _files(project)


def _services(project: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(name): body or {} for name, body in (project.get("services") or {}).items()}


def _environment(project: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (str(name), str(value))
        for service in _services(project).values()
        for name, value in (service.get("environment") or {}).items()
        if value
    ]


def _names(project: Mapping[str, Any]) -> set[str]:
    """Of the project, its services and what they are made of, and what stands in its URLs beside passwords: words, or what the password
    is too (`app12345:app12345@`). A token may stand there as well (`https://TOKEN:x-oauth-basic@`), and names nothing."""
    services = _services(project)
    names = {str(project.get("name", "")), *services}
    for part in ("networks", "volumes"):
        names |= {str(name) for name in project.get(part) or ()}
    for body in services.values():
        names |= {str(body[key]) for key in ("image", "hostname", "container_name") if body.get(key)}
    for _, value in _environment(project):
        for url in _URL.finditer(value):
            named = _NAMED.findall(f"{url[1]} {url[3]}")
            names |= {part for part in named if is_word(part) or part == url[2]}
    return names


def _labels_and_folders(project: Mapping[str, Any]) -> Iterator[str]:
    """What its services' labels hold (a proxy's routes), and where their files are: words of it name something."""
    for body in _services(project).values():
        labels = body.get("labels") or {}
        told = labels.items() if isinstance(labels, Mapping) else (("", label) for label in labels)
        yield from (str(value) for name, value in told if not names_secret(str(name)))
        build = body.get("build") or ""
        mounts = [one for one in body.get("volumes") or () if isinstance(one, Mapping)]
        yield str(build.get("context", "") if isinstance(build, Mapping) else build)
        yield from (str(one.get(end, "")) for one in mounts for end in ("source", "target"))


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
