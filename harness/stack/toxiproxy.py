"""Toxiproxy's container of a run, restarted: a rung of the clean-up ladder."""

from __future__ import annotations

import contextlib

from harness.errors import NotApplied
from harness.stack.changes.lanes import TOXIPROXY
from harness.world.docker import connect, refusing

RESTART_S = 30.0  # a container that does not end by itself is killed after a second


def restart_toxiproxy(project: str) -> None:
    """That of a run's own Compose project. Raises NotApplied when Docker cannot do it, DockerAway when it does not answer."""
    labels = [
        f"com.docker.compose.project={project}",
        f"com.docker.compose.service={TOXIPROXY}",
    ]
    with refusing("restart Toxiproxy"), contextlib.closing(connect(RESTART_S)) as client:
        found = client.containers.list(all=True, filters={"label": labels})
        if not found:
            raise NotApplied("cannot restart Toxiproxy: its container is gone")
        for container in found:
            container.restart(timeout=1)
            container.reload()
            if container.status != "running":
                raise NotApplied(f"{container.name} is {container.status} after its restart")
