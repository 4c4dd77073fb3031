"""The run's watchdog as a service of its stack: it mends when the harness dies or stands still, whatever becomes of all others."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from harness.stack.changes.identity import RUN_LABEL

WATCHDOG = "drill-watchdog"
PLACE = "/run/drill"
SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True)
class Watched:
    """What the watchdog of a run watches.

    folder   the run's; it sees the facts, the lease and the lock in it, and nothing else
    lease_s  seconds without a renewal after which the harness is taken for hanging
    socket   Docker's, where the daemon finds it
    user     'uid:gid' who may read and write those; `groups` who may talk to Docker
    copies   whether copies of bind mounts will lie in the folder
    """

    folder: str
    lease_s: float
    socket: str = SOCKET
    user: str = "0:0"
    groups: tuple[str, ...] = ()
    copies: bool = False


def watchdog(
    config: dict[str, Any], watched: Watched, *, run_id: str, harness_image: str
) -> tuple[dict[str, Any], list[str]]:
    """Add it. It is on no network, publishes nothing, and Docker starts it again after a crash and a reboot.

    With the host's pids it sees that the harness is gone, and ends the commands that it left running.
    """
    new = copy.deepcopy(config)
    folder = watched.folder
    service: dict[str, Any] = {
        "image": harness_image,
        "command": ["python3", "-m", "harness.inside", "watchdog", run_id, f"{watched.lease_s:g}"]
        + ([folder] if watched.copies else []),
        "network_mode": "none",
        "pid": "host",
        "userns_mode": "host",
        "user": watched.user,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true", "apparmor=unconfined", "label=disable"],
        "read_only": True,
        "restart": "always",
        "stop_grace_period": "1s",
        "labels": {RUN_LABEL: run_id},
        "volumes": [
            _bind(f"{folder}/facts", f"{PLACE}/facts"),
            _bind(f"{folder}/lease", f"{PLACE}/lease"),
            {**_bind(f"{folder}/alive", f"{PLACE}/alive"), "read_only": True},
            _bind(watched.socket, SOCKET),
        ],
    }
    if watched.user.startswith("0:"):  # else it is the harness's own user, whose processes it may look at as it is
        service["cap_add"] = ["DAC_OVERRIDE", "KILL", "SYS_PTRACE"]
    if watched.groups:
        service["group_add"] = list(watched.groups)
    new.setdefault("services", {})[WATCHDOG] = service
    return new, [f"services.{WATCHDOG}: added, on no network; it mends after {watched.lease_s:g} s without the harness"]


def _bind(source: str, target: str) -> dict[str, Any]:
    return {"type": "bind", "source": source, "target": target, "bind": {"create_host_path": False}}
