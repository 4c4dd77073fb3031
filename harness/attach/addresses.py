"""Where this machine reaches a port of a container that runs: where it is published, else at the container's own address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import UsageError

Described = Mapping[str, Any]
"""A container as `docker inspect` tells it."""
HERE = ""
"""Of a machine: the one that we are on."""
LOOPBACK = "127.0.0.1"
LOOPBACKS = ("127.", "::1", "localhost")
ANYWHERE = ("", "0.0.0.0", "::")


def address_of(containers: Sequence[Described], service: str, port: int, machine: str = HERE) -> tuple[str, int]:
    """Of the first of a service's running containers that has one. Raises UsageError where there is none.

    machine   where the Docker is that they run on, HERE for this one; on another only what is published is reached
    """
    for one in containers:
        for bound in _published(one, port):
            host = str(bound.get("HostIp") or "")
            if _inside(machine, host):
                continue
            if not host.count(":") or host == "::":
                return (machine or (LOOPBACK if host in ANYWHERE else host), int(bound["HostPort"]))
    for one in containers if machine == HERE else ():
        if (one.get("HostConfig") or {}).get("NetworkMode") == "host":
            return (LOOPBACK, port)
        for use in ((one.get("NetworkSettings") or {}).get("Networks") or {}).values():
            if use.get("IPAddress"):
                return (str(use["IPAddress"]), port)
    if not containers:
        raise UsageError(f"{service}:{port} cannot be reached: no container of {service} runs")
    where = "" if machine == HERE else f" on {machine}, and nothing else there is reached from here"
    inside = machine != HERE and any(_published(one, port) for one in containers)
    how = "published on its loopback alone" if inside else "not published"
    raise UsageError(f"{service}:{port} cannot be reached: it is {how}{where}")


def _inside(machine: str, host: str) -> bool:
    """Whether a port that is published on `host` there is for that other machine's own processes alone."""
    return machine != HERE and host.startswith(LOOPBACKS) and not machine.startswith(LOOPBACKS)


def _published(one: Described, port: int) -> Sequence[Described]:
    return ((one.get("NetworkSettings") or {}).get("Ports") or {}).get(f"{port}/tcp") or ()
