"""A project without the services that would page people: while it is only looked at, nobody stands before their receivers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from harness.stack import names as topology
from harness.stack.images import ready_images
from harness.stack.observed import Monitoring, servers
from harness.stack.project import Project
from harness.stack.senders import senders
from harness.world.docker_cli import image_exists


def unpaged(
    project: Project,
    monitoring: Monitoring,
    data: Mapping[str, str],
    *,
    offline: bool = False,
    say: Callable[[str], object] = lambda line: None,
) -> Project:
    """The project without its Alertmanagers, and without whoever else pages. What its images hold is read first, once they are there.

    Raises CannotRun as `senders` and `ready_images` do.
    """
    paging = [target.rpartition(":")[0] for target in monitoring.alertmanagers]
    found = (*servers(project.config, "prometheus"), *(one.service for one in senders(project, monitoring, data)))
    if any(_unmade(project.services[name]) for name in found if name not in paging):
        ready_images(without(project, paging), offline=offline, say=say)
    return without(project, (*paging, *(one.service for one in senders(project, monitoring, data))))


def _unmade(body: Mapping[str, Any]) -> bool:
    """Whether the image of a service is built first, or not here yet."""
    return bool(body.get("build")) or not image_exists(str(body.get("image")))


def without(project: Project, services: Collection[str]) -> Project:
    """The project without these services and those in their networks, and with nobody depending on them; itself without any."""
    there = [service for service in services if service in project.services]
    if not there:
        return project
    gone = {name for service in there for name in (service, *topology.sharers(project.config, service))}
    config = copy.deepcopy(project.config)
    config["services"] = {name: body for name, body in config["services"].items() if name not in gone}
    for body in config["services"].values():
        for key in ("depends_on", "links", "volumes_from"):
            given = body.get(key)
            if isinstance(given, dict):
                body[key] = {name: how for name, how in given.items() if name not in gone}
            elif given:
                body[key] = [one for one in given if str(one).partition(":")[0] not in gone]
    return replace(project, config=config)
