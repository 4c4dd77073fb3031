"""A project without the services that would page people: while it is only looked at, nobody stands before their receivers."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from dataclasses import replace

from harness.stack import names as topology
from harness.stack.observed import Monitoring
from harness.stack.project import Project
from harness.stack.senders import senders


def unpaged(project: Project, monitoring: Monitoring, data: Mapping[str, str]) -> Project:
    """The project without its Alertmanagers, and without whoever else pages. Raises CannotRun as `senders` does."""
    paging = [target.rpartition(":")[0] for target in monitoring.alertmanagers]
    return without(project, (*paging, *(one.service for one in senders(project, monitoring, data))))


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
