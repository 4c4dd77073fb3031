"""A project without the service that would page people: while it is only looked at, nobody stands before its receivers. Pure."""

from __future__ import annotations

import copy
from dataclasses import replace

from harness.stack import names as topology
from harness.stack.project import Project


def without(project: Project, service: str) -> Project:
    """The project without a service and those in its network, and with nobody depending on them; itself for ''."""
    if service not in project.services:
        return project
    gone = {service, *topology.sharers(project.config, service)}
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
