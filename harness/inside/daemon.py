"""The few questions that the lookout asks of Docker, over the mounted socket: which containers run, and where they
are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote

from harness.inside.dockersocket import SOCKET, get


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
    for row in get(f"/containers/json?filters={quote(labels)}"):
        container = _inspect(row["Id"])
        if container is not None:
            found.append(container)
    return tuple(sorted(found, key=lambda c: c.name))


def _inspect(container_id: str) -> Container | None:
    data = get(f"/containers/{container_id}/json")
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


__all__ = ["SOCKET", "Container", "born", "running"]
