"""Puts a look at each seam of the harness, in a process that has imported none of it yet: what it does stays as it was."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from matrix.torture import seams
from matrix.torture.seams import AFTER, BEFORE, DURING

Told = Callable[[str, str], None]
Synced = Callable[[Path, int], None]


def install(told: Told, synced: Synced) -> None:
    """From here on `told` gets each seam of this process as it is reached, and `synced` each file with the length that is surely on disk."""
    _commands(told)
    _docker_api(told)
    _toxiproxy(told)
    _files(told, synced)
    _signals(told)


def _around(owner: Any, name: str, told: Told, what: Callable[..., str], ends: str = AFTER) -> None:
    """Wrap one function or method in its place; `what` names a call by its arguments, '' for one that is no seam."""
    inner = getattr(owner, name)

    @functools.wraps(inner)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        named = what(*args, **kwargs)
        if named:
            told(BEFORE, named)
        answer = inner(*args, **kwargs)
        if named:
            told(ends, named)
        return answer

    setattr(owner, name, wrapped)


def _commands(told: Told) -> None:
    """Every program that is started; of those that are waited for also their end."""
    from harness.world import docker_cli

    _around(subprocess.Popen, "__init__", told, lambda self, args, *more, **named: _argv(args), ends=DURING)
    waited_for = docker_cli.run

    @functools.wraps(waited_for)
    def run(argv: Any, **kwargs: Any) -> Any:
        answer = waited_for(argv, **kwargs)
        if named := seams.command(argv):
            told(AFTER, named)
        return answer

    docker_cli.run = run


def _argv(args: Any) -> str:
    return seams.command([args] if isinstance(args, str) else args)


def _docker_api(told: Told) -> None:
    from docker.api.client import APIClient

    for name in ("post", "put", "delete"):
        method = name.upper()
        _around(APIClient, f"_{name}", told, lambda self, url, *a, method=method, **k: seams.request(method, url))


def _toxiproxy(told: Told) -> None:
    from harness.world import toxiproxy

    _around(toxiproxy._Wire, "_call", told, lambda self, method, url, *body: seams.toxiproxy(method, url))


def _files(told: Told, synced: Synced) -> None:
    """What must be on disk before something is done, and what is put in another file's place."""
    from harness.inside.pulse import LEASE
    from harness.journal_writer import Writer
    from harness.stack import project

    def fact(self: Any, fact: Any, *, durable: bool = False) -> str:
        return (
            f"journal {type(fact).__name__} {getattr(fact, 'fault', '')}".strip().replace("/", "-") if durable else ""
        )

    _around(Writer, "write", told, fact)
    _around(project, "write_private", told, lambda path, text: f"write {Path(path).name}")
    _around(os, "replace", told, lambda source, target, **k: seams.replaced(Path(target)))
    _around(os, "pwrite", told, lambda descriptor, *data: "renew lease" if _path(descriptor).name == LEASE else "")
    for name in ("fsync", "fdatasync"):
        setattr(os, name, _flushing(getattr(os, name), synced))


def _flushing(flushed: Callable[[Any], None], synced: Synced) -> Callable[[Any], None]:
    @functools.wraps(flushed)
    def flush(descriptor: Any) -> None:
        flushed(descriptor)
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        synced(_path(number), os.fstat(number).st_size)

    return flush


def _path(descriptor: int) -> Path:
    return Path(os.readlink(f"/proc/self/fd/{descriptor}"))


def _signals(told: Told) -> None:
    """Processes that the harness ends: its load, and what a command has started."""
    _around(os, "killpg", told, lambda pid, number: "end a process group")
    _around(os, "kill", told, lambda pid, number: "end a process" if number else "")
