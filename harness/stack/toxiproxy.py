"""Toxiproxy of a run, in a Compose project of the run's own: waited for with its lanes, and restarted, a rung of the clean-up ladder."""

from __future__ import annotations

import contextlib
import time

from harness.errors import CannotRun, NotApplied
from harness.stack.changes.lanes import LANES, TOXIPROXY
from harness.stack.dial import api_answers
from harness.world.docker import connect, refusing
from harness.world.docker_cli import docker

API_WITHIN_S = 30.0
RESTART_S = 30.0  # a container that does not end by itself is killed after a second


def await_toxiproxy(project: str, api: tuple[str, int]) -> None:
    """It answers and the lanes have placed their addresses. Raises CannotRun with what they said."""
    end_s = time.monotonic() + API_WITHIN_S
    while True:
        logs = _logs(project, LANES)
        if "placed" in logs and api_answers(api):
            return
        if time.monotonic() > end_s:
            more = _logs(project, TOXIPROXY)
            raise CannotRun(
                f"lanes and Toxiproxy did not start within {API_WITHIN_S:g} s:\n{logs[-1000:]}{more[-1000:]}"
            )
        time.sleep(0.05)


def restart_toxiproxy(project: str) -> None:
    """Raises NotApplied when Docker cannot do it, DockerAway when it does not answer."""
    with refusing("restart Toxiproxy"), contextlib.closing(connect(RESTART_S)) as client:
        found = client.containers.list(all=True, filters={"label": _labels(project, TOXIPROXY)})
        if not found:
            raise NotApplied("cannot restart Toxiproxy: its container is gone")
        for container in found:
            container.restart(timeout=1)
            container.reload()
            if container.status != "running":
                raise NotApplied(f"{container.name} is {container.status} after its restart")


def _logs(project: str, service: str) -> str:
    filters = (part for label in _labels(project, service) for part in ("--filter", f"label={label}"))
    listed = docker("ps", "--all", "--quiet", *filters)
    return "".join(docker("logs", container).out for container in listed.out.split())


def _labels(project: str, service: str) -> list[str]:
    """A service's containers by label: COMPOSE_COMPATIBILITY gives them other names."""
    return [f"com.docker.compose.project={project}", f"com.docker.compose.service={service}"]
