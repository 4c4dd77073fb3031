"""Which Docker a project runs on: this machine's, or that of another context, reached as the `docker` command reaches it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.attach.addresses import HERE, LOOPBACK
from harness.errors import CannotRun, Missing, UsageError
from harness.world.docker_cli import docker

REACHED_BY = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
"""What the docker command and its SDK both follow, and every process that this one starts."""


def reached(context: str = "") -> str:
    """Speak to the Docker of this context ('' for the one that is spoken to anyway) from here on; returns its machine, or HERE.

    Raises UsageError for a context that is not there, CannotRun for one that cannot be followed.
    """
    if context:
        _forget()
        os.environ["DOCKER_CONTEXT"] = context  # by this name it may be protected; what is followed is DOCKER_HOST
    seen = _inspect(context)
    stated = os.environ.get("DOCKER_HOST")
    host = stated or _host(seen)
    if host and not host.startswith(("unix://", "npipe://")):
        if not stated:
            _follow(seen, host)
        return urlsplit(host).hostname or LOOPBACK
    if context and host:
        os.environ["DOCKER_HOST"] = host
    return HERE


def variables() -> dict[str, str]:
    """By which this Docker is reached again, from another process, whatever its own context is. Raises CannotRun."""
    if not os.environ.get("DOCKER_HOST"):  # then a context is followed, to which the others say nothing
        return {"DOCKER_HOST": _host(_inspect(""))}
    return {name: os.environ[name] for name in REACHED_BY if os.environ.get(name)}


def _forget() -> None:
    for name in REACHED_BY:
        os.environ.pop(name, None)


def _follow(seen: dict[str, Any], host: str) -> None:
    """Reach the Docker of a context as the context does; its name stays known, for by that it may be protected."""
    _forget()
    os.environ["DOCKER_HOST"] = host
    if name := str(seen.get("Name") or ""):
        os.environ["DOCKER_CONTEXT"] = name
    certificates = Path(str((seen.get("Storage") or {}).get("TLSPath") or "")) / "docker"
    if certificates.is_dir() and any(certificates.iterdir()):
        os.environ |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(certificates)}


def _host(seen: dict[str, Any]) -> str:
    return str(((seen.get("Endpoints") or {}).get("docker") or {}).get("Host") or "")


def _inspect(context: str) -> dict[str, Any]:
    answer = docker("context", "inspect", *([context] if context else []))
    if not answer.ok and context:
        raise UsageError(f"--context {context}: {answer.last}; docker context ls lists them")
    try:
        found = json.loads(answer.out or "[]")
    except ValueError:
        found = []
    if not answer.ok or not isinstance(found, list) or not found:
        raise CannotRun(Missing(f"docker context inspect: {answer.why}", "docker context ls"))
    return dict(found[0])
