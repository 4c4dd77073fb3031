"""What is left in Docker of a run whose harness died: found by the run's label and its Compose project (as harness/stack/sweep.py
does), and removed. The watchdog itself goes last."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from harness.inside.dockersocket import change, get, labelled

RUN_LABEL = "io.drill.run"
PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
WATCHDOG = "drill-watchdog"
AT_ONCE = 8
GONE = (404, 409)
"""Not there any more, or somebody else is just removing it."""


@dataclass(frozen=True)
class Wreck:
    """`folder` is the run's on the machine, where copies of bind mounts may lie that only a container can remove; '' without any."""

    run: str
    folder: str = ""

    def remove(self) -> list[str]:
        """Remove containers, then networks, volumes and copies; returns what is left, in words. Raises OSError."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            problems = list(pool.map(self._container, self._containers()))
        for network in self._named("networks"):
            problems.append(_network(network["Id"]))
        for volume in self._named("volumes"):
            problems.append(_tried("DELETE", f"/volumes/{quote(volume['Name'])}?force=1"))
        return [*self.there(), *([] if not self.folder or any(problems) else self._copies())]

    def there(self) -> list[str]:
        """What is the run's, but for its watchdogs. Raises OSError."""
        return [
            *(f"container {one['Names'][0].lstrip('/')}" for one in self._containers()),
            *(f"network {one['Name']}" for one in self._named("networks")),
            *(f"volume {one['Name']}" for one in self._named("volumes")),
        ]

    def watchdogs(self) -> list[dict[str, Any]]:
        return labelled("containers", {**self._label, SERVICE_LABEL: WATCHDOG})

    def remove_watchdogs(self) -> None:
        """Ourselves: nothing comes after this. Raises OSError."""
        for one in self.watchdogs():
            change("DELETE", f"/containers/{one['Id']}?force=1&v=1", fine=GONE)

    @property
    def _label(self) -> dict[str, str]:
        return {RUN_LABEL: self.run}

    @property
    def _project(self) -> str:
        return f"drill-{self.run}"

    def _containers(self) -> list[dict[str, Any]]:
        found = [*labelled("containers", self._label), *labelled("containers", {PROJECT_LABEL: self._project})]
        mine = {one["Id"]: one for one in found}
        return [one for one in mine.values() if (one.get("Labels") or {}).get(SERVICE_LABEL) != WATCHDOG]

    def _named(self, kind: str) -> list[dict[str, Any]]:
        """Networks or volumes; of the project's those with its name."""
        made = labelled(kind, {PROJECT_LABEL: self._project})
        found = [*labelled(kind, self._label), *(one for one in made if one["Name"].startswith(f"{self._project}_"))]
        return list({one["Name"]: one for one in found}.values())

    def _container(self, one: dict[str, Any]) -> str:
        return _tried("DELETE", f"/containers/{one['Id']}?force=1&v=1")

    def _copies(self) -> list[str]:
        """Copies hold what containers wrote as any user: one removes them as root. What is left, in words."""
        mine = self.watchdogs()
        if not mine:
            return []
        host = {
            "Mounts": [{"Type": "bind", "Source": self.folder, "Target": "/folder"}],
            "NetworkMode": "none",
            "UsernsMode": "host",
            "SecurityOpt": ["label=disable"],
        }
        body = {
            "Image": mine[0]["ImageID"],
            "Cmd": ["rm", "-rf", "/folder/binds"],
            "User": "0:0",
            "Labels": self._label,
            "HostConfig": host,
        }
        try:
            made = change("POST", "/containers/create", body)["Id"]
        except OSError as error:
            return [] if "does not exist" in str(error) else [f"copies in {self.folder}/binds: {error}"]
        try:
            change("POST", f"/containers/{made}/start")
            code = change("POST", f"/containers/{made}/wait")["StatusCode"]
        finally:
            change("DELETE", f"/containers/{made}?force=1", fine=GONE)
        return [f"copies in {self.folder}/binds"] if code else []


def _network(network: str) -> str:
    """One whose endpoints outlived their containers is freed of them first."""
    wrong = _tried("DELETE", f"/networks/{network}")
    if not wrong:
        return ""
    for endpoint in (get(f"/networks/{network}").get("Containers") or {}).values():
        _tried("POST", f"/networks/{network}/disconnect", {"Container": endpoint.get("Name"), "Force": True})
    return _tried("DELETE", f"/networks/{network}")


def _tried(method: str, path: str, body: Any = None) -> str:
    """What is wrong, or ''. What is left is looked up afterwards in any case."""
    try:
        change(method, path, body, fine=GONE)
    except OSError as error:
        return str(error)
    return ""
