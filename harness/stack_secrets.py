"""The secrets that a resolved Compose file holds or names: to be masked wherever a run writes or shows anything. Reads secret files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from harness import connection_strings, foreign_yaml
from harness.masking import Secret, passwords_in
from harness.secret_names import holds_secret, is_setting
from harness.secret_words import is_word, spoken

LARGEST_FILE = 64 * 1024
_OPTION = re.compile(
    r"--?([A-Za-z-]{0,30}(?:password|passwd|secret|token|requirepass|api-?key)[A-Za-z-]{0,30})[= ](\S+)", re.IGNORECASE
)
_URL = re.compile(
    r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}://([^\s/:@]{0,200}):([^\s/@]{1,500})@([^\s?#\"']{0,500})", re.IGNORECASE
)
"""Its user, its password, and its host with what follows: a database, a queue's host."""
_PORT = re.compile(r":\d{2,5}\Z")
_NAMED = re.compile(r"[^\s/:,]+")
_NAMING = re.compile(r"(?:user|login|name|role|owner|database|db)$", re.IGNORECASE)


def secrets_in(project: Mapping[str, Any], said: str = "") -> tuple[Secret, ...]:
    """Of a resolved Compose file: variables called so, passwords in URLs, in connection strings and in options of commands, and Compose's own `secrets:`.

    said   the drill, as a run keeps it
    A value that names something of the stack as well (an example's user and password are often the same word; a service's address), or is a
    word of a variable that is no secret, or of the drill, or what the drill asks of a label, is `public`: it stands in every log. Raises
    what a file of another shape makes it raise.
    """
    found: dict[str, Secret] = {}
    plain = [(name, value) for name, value in _environment(project) if not holds_secret(name, value)]
    names = _names(project) | {value for name, value in plain if _NAMING.search(name)}
    values = (value for _, value in plain if not re.search(r"\s", value))
    text = "\n".join((*names, *values, *_labels_and_folders(project), said))
    known, hosts = names | set(_asked_of_labels(said)), _hosts(project)
    for name, value in _told(project):
        if value:
            public = value in known or _addresses(value, hosts) or spoken(value, text)
            found.setdefault(value, Secret(name, value, public=public))
    return tuple(found.values())


def _told(project: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _variables(_environment(project))
    yield from _options(_services(project))
    for name, text in _files(project):
        yield name, text
        yield from ((name, password) for password in _passwords(text))


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
    """Of the project, its services and what they are made of, and what stands beside passwords in its URLs and connection strings: words, or what the password
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
        told = connection_strings.read(value)
        beside = (part for one in told.beside for part in _NAMED.findall(one))
        names |= {part for part in beside if is_word(part) or part in told.passwords}
    return names


def _hosts(project: Mapping[str, Any]) -> set[str]:
    """What its services answer to."""
    hosts: set[str] = set()
    for service, body in _services(project).items():
        hosts |= {service, *(str(body[key]) for key in ("hostname", "container_name") if body.get(key))}
        networks = body.get("networks") or {}
        for used in networks.values() if isinstance(networks, Mapping) else ():
            hosts |= {str(alias) for alias in (used or {}).get("aliases") or ()}
    return hosts


def _addresses(value: str, hosts: Set[str]) -> bool:
    """Whether it is `SERVICE:PORT`, or several."""
    return all(_PORT.sub("", part) in hosts for part in value.split(","))


def _asked_of_labels(said: str) -> Iterator[str]:
    """What the drill's claims and silences ask of alerts' labels, which is judged as it was seen."""
    try:
        inside = [foreign_yaml.load(said, as_text=True)]
    except ValueError:
        return
    while inside:
        one = inside.pop()
        if isinstance(one, Mapping):
            labels = one.get("labels")
            asked = labels.items() if isinstance(labels, Mapping) else ()
            yield from (value for name, value in asked if isinstance(value, str) and not holds_secret(name, value))
        inside += one.values() if isinstance(one, Mapping) else one if isinstance(one, list) else ()


def _labels_and_folders(project: Mapping[str, Any]) -> Iterator[str]:
    """What its services' labels hold (a proxy's routes), and where their files are: words of it name something."""
    for body in _services(project).values():
        labels = body.get("labels") or {}
        told = labels.items() if isinstance(labels, Mapping) else (("", label) for label in labels)
        yield from (str(value) for name, value in told if not holds_secret(str(name), str(value)))
        build = body.get("build") or ""
        mounts = [one for one in body.get("volumes") or () if isinstance(one, Mapping)]
        yield str(build.get("context", "") if isinstance(build, Mapping) else build)
        yield from (str(one.get(end, "")) for one in mounts for end in ("source", "target"))


def _variables(told: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for name, value in told:
        if holds_secret(name, value):
            yield name, value
        yield from ((name, password) for password in _passwords(value))


def _passwords(text: str) -> tuple[str, ...]:
    return (*passwords_in(text), *connection_strings.read(text).passwords)


def _options(services: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for service, body in services.items():
        for key in ("command", "entrypoint"):
            given = body.get(key) or ()
            text = given if isinstance(given, str) else " ".join(map(str, given))
            yield from (
                (f"{service} {match[1]}", match[2])
                for match in _OPTION.finditer(text)
                if not is_setting(match[1], match[2])
            )
            yield from ((f"{service} {key}", password) for password in _passwords(text))


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
