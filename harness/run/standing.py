"""What Docker says of a stack's containers, a row each, as a state that can be compared: no secret is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import NotApplied
from harness.orders.readers.rows import hashed
from harness.run.plain_values import is_plain

MOST_BYTES = 1 << 20
"""Of a mounted file: what is larger is no configuration."""
BINARY_WITHIN = 8000  # bytes; as git tells text from what is none, by a NUL in the first of them

Content = Callable[[str, str, int], bytes | None]
"""A regular file in a container: (container's id, path, most bytes); None for what is none, or is larger. Raises NotApplied."""


def container_rows(described: Sequence[Mapping[str, Any]], content: Content) -> Iterator[dict[str, Any]]:
    """A row for each container, by name; `described` as `docker inspect` tells them.

    environment  by name, a keyed hash of its value, behind the value itself where that is a switch, a number, a size or a version (plain_values)
    files        by path in the container, a keyed hash of what is there
    restart             the policy by which Docker starts it again
    unread              by path, why a mounted file could not be read
    """
    for data in sorted(described, key=lambda one: str(one["Name"])):
        files, unread = _files(data, content)
        yield {
            "service": str((data["Config"].get("Labels") or {}).get("com.docker.compose.service", "")),
            "container": str(data["Name"]).lstrip("/"),
            "image": str(data.get("Image") or ""),
            "image_name": str(data["Config"].get("Image") or ""),
            "command": hashed(json.dumps([data.get("Path"), data.get("Args")])),
            "environment": {
                name: _value(name, value)
                for name, _, value in (str(line).partition("=") for line in data["Config"].get("Env") or ())
            },
            "files": files,
            "health": _health(data["State"]),
            "restart": str(((data.get("HostConfig") or {}).get("RestartPolicy") or {}).get("Name") or "no"),
            "restarts": int(data.get("RestartCount") or 0),
            "unread": unread,
        }


def _value(name: str, value: str) -> str:
    """The hash tells apart also what is masked in the value: a word may be a secret elsewhere."""
    return f"{value} {hashed(value)}" if is_plain(name, value) else hashed(value)


def _health(state: Mapping[str, Any]) -> str:
    """'running', 'running, healthy', 'exited with 1'."""
    status, health = str(state.get("Status") or ""), str((state.get("Health") or {}).get("Status") or "")
    if status in ("exited", "dead"):
        return f"{status} with {int(state.get('ExitCode') or 0)}"
    return f"{status}, {health}" if health not in ("", "none") else status


def _files(data: Mapping[str, Any], content: Content) -> tuple[dict[str, str], dict[str, str]]:
    """Text files that are mounted one by one, as the container sees them."""
    files: dict[str, str] = {}
    unread: dict[str, str] = {}
    for mount in data.get("Mounts") or ():
        if mount.get("Type") != "bind" or _is_no_file(str(mount["Source"])):
            continue
        path = str(mount["Destination"])
        try:
            held = content(str(data["Id"]), path, MOST_BYTES)
        except NotApplied as error:
            unread[path] = str(error)
            continue
        if held is not None and b"\0" not in held[:BINARY_WITHIN]:
            files[path] = hashed(held)
    return files, unread


def _is_no_file(source: str) -> bool:
    """Whether it is surely none (a folder, a socket). A path that this machine does not have may be one where Docker is."""
    place = Path(source)
    try:
        return place.exists() and not place.is_file()
    except OSError:
        return False
