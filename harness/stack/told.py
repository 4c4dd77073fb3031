"""What a project's services are told of logins, with what stands in files: the variables of `*_FILE`, and URLs in mounted text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from harness.stack.project import Project
from harness.stack.texts import texts

LARGEST_FILE = 64 * 1024
_LOGIN = re.compile(r"[a-z][a-z0-9+.-]{0,30}://[^\s/@\"'<>`]{1,500}@[^\s\"'<>`]{1,500}", re.IGNORECASE)
_BLANK = re.compile(r"\$|\{\{|%\(")
"""In a URL that is a pattern, to be filled in."""
_COMMENT = ("#", ";", "//", "--", "*")


def as_told(project: Project) -> dict[str, dict[str, Any]]:
    """Its services as resolved, and in the environment of each also what its files tell: PASSWORD for PASSWORD_FILE, and 'file …'
    for each URL with a login.

    A URL in a file says nothing where a variable has one for the same server, or another file another login: examples and tests lie
    in mounted trees too. What is on another machine, or not ours to read, tells nothing.
    """
    found = {
        name: {**body, "environment": _with_files(project.config, body)} for name, body in project.services.items()
    }
    stated = {_server(url) for body in found.values() for url in _logins("\n".join(body["environment"].values()))}
    written = {name: list(_written(project, name)) for name in found}
    logins: dict[tuple[str, str], set[str]] = {}
    for _, url in (one for listed in written.values() for one in listed):
        logins.setdefault(_server(url), set()).add(urlsplit(url).netloc.rpartition("@")[0])
    for name, listed in written.items():
        for number, (where, url) in enumerate(listed):
            if _server(url) not in stated and len(logins[_server(url)]) == 1:
                found[name]["environment"][f"{where} {number}"] = url
    return found


def _written(project: Project, service: str) -> Iterator[tuple[str, str]]:
    """URLs with a login in the files of a service, and where they stand."""
    for text in texts(project.config, service, project.directory, compose=project.files):
        if text.kind == "file":
            yield from ((text.where, url) for url in _logins(text.body))


def _logins(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.lstrip().startswith(_COMMENT):
            yield from (url for url in _LOGIN.findall(line) if not _BLANK.search(url) and all(_server(url)))


def _server(url: str) -> tuple[str, str]:
    """Scheme and host; ('', '') for what is no URL."""
    try:
        parts = urlsplit(url)
        return parts.scheme.partition("+")[0], parts.hostname or ""
    except ValueError:
        return "", ""


def _with_files(config: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, str]:
    own = {str(name): "" if value is None else str(value) for name, value in (body.get("environment") or {}).items()}
    told = {}
    for name, path in own.items():
        variable = name.removesuffix("_FILE")
        named = variable != name and path.startswith("/") and not own.get(variable)
        if named and (held := _held(config, body, PurePosixPath(path))):
            told[variable] = held
    return {**own, **told}


def _held(config: Mapping[str, Any], body: Mapping[str, Any], path: PurePosixPath) -> str:
    """What a path in a container holds, by the secret, the config or the mount that is there, without the end of its last line; ''."""
    for word, folder in (("secrets", "/run/secrets"), ("configs", "/")):
        for use in body.get(word) or ():
            source = use if isinstance(use, str) else str(use.get("source"))
            target = source if isinstance(use, str) else str(use.get("target") or source)
            if PurePosixPath(folder, target) == path:
                given = (config.get(word) or {}).get(source) or {}
                return str(given["content"]).rstrip("\r\n") if given.get("content") else _text(given.get("file"))
    for mount in body.get("volumes") or ():
        if mount.get("type") == "bind" and path.is_relative_to(mount["target"]):
            return _text(Path(str(mount["source"]), path.relative_to(mount["target"])))
    return ""


def _text(file: Any) -> str:
    try:
        path = Path(str(file))
        if not file or not path.is_file() or path.stat().st_size > LARGEST_FILE:
            return ""
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError):
        return ""
