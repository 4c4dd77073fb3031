"""The few questions that the lookout asks of Docker, over the mounted socket: which containers run, and where they
are."""

from __future__ import annotations

import http.client
import json
import os
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

SOCKET = "/var/run/docker.sock"
ANSWER_S = 5.0
"""An inspect takes 2 ms; a daemon that needs seconds is as good as gone, and the look says so."""


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(ANSWER_S)
        self.sock.connect(os.environ.get("DRILL_DOCKER_SOCKET", SOCKET))


@dataclass(frozen=True)
class Container:
    """A running container. `ips` are its addresses on all networks; `shares` is the id of the container whose network
    it uses."""

    id: str
    name: str
    service: str
    pid: int
    born: str
    ips: tuple[str, ...]
    shares: str = ""

    def lives(self) -> bool:
        """Whether its main process is still the one that was inspected (a pid may be used again)."""
        return born(self.pid) == self.born


def born(pid: int) -> str:
    """The kernel's start time of a process, '' when it is gone or only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def running(project: str) -> tuple[Container, ...]:
    """The running containers of a Compose project, by name. Raises OSError when Docker does not answer."""
    labels = json.dumps({"label": [f"com.docker.compose.project={project}"], "status": ["running", "paused"]})
    found = []
    for row in _get(f"/containers/json?filters={quote(labels)}"):
        container = _inspect(row["Id"])
        if container is not None:
            found.append(container)
    return tuple(sorted(found, key=lambda c: c.name))


def _inspect(container_id: str) -> Container | None:
    data = _get(f"/containers/{container_id}/json")
    pid = int(data.get("State", {}).get("Pid") or 0)
    labels = data.get("Config", {}).get("Labels") or {}
    if not pid or labels.get("com.docker.compose.oneoff") == "True":
        return None
    networks = (data.get("NetworkSettings", {}).get("Networks") or {}).values()
    ips = tuple(ip for n in networks for ip in (n.get("IPAddress"), n.get("GlobalIPv6Address")) if ip)
    mode, _, shared = str(data.get("HostConfig", {}).get("NetworkMode", "")).partition(":")
    return Container(
        id=str(data["Id"]),
        name=str(data.get("Name", "")).lstrip("/"),
        service=str(labels.get("com.docker.compose.service", "")),
        pid=pid,
        born=born(pid),
        ips=ips,
        shares=shared if mode == "container" else "",
    )


def _get(path: str) -> Any:
    connection = _Connection("docker", timeout=ANSWER_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        data = json.load(answer)
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"Docker's answer cannot be read: {error}") from error
    finally:
        connection.close()
    if answer.status == 404:  # gone between the list and the question
        return {}
    if answer.status != 200:
        raise OSError(f"Docker answered {answer.status}: {data}")
    return data
