"""What a run writes down of a project that ran already: as it was found, what others need to find it by, and how it was given back."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from harness.attach.context import variables
from harness.attach.look import ALERTMANAGER, TOXIPROXY, snapshot
from harness.attach.record import Recorded
from harness.errors import CannotRun
from harness.facts import Fact, NotMended, ProjectCompared
from harness.faults.bad_release import BadRelease
from harness.stack.project import write_private, written

if TYPE_CHECKING:
    from harness.attach.found import Running
    from harness.attach.inserted import Inserted
    from harness.attach.put_back import Returned
    from harness.run.folder import RunFolder
    from harness.run.session import Session
    from harness.stack.observed import Monitoring

PROJECT = "the project as it was found"  # what could not be mended, where that is not one fault


def as_found(session: Session, running: Running, monitoring: Monitoring, machine: str, toxiproxy: str) -> Recorded:
    """What is there before anything is changed. What does not answer is told, and not compared. Raises CannotRun.

    toxiproxy   'service:port' of its API, '' for none
    """
    project, key = running.name, Recorded("").key
    alertmanager = monitoring.alertmanager + (monitoring.prefix or {}).get(ALERTMANAGER, "")
    places: dict[str, str] = {}
    for what, place in ((TOXIPROXY, toxiproxy), (ALERTMANAGER, alertmanager)):
        try:
            snapshot(project, {what: place} if place else {}, key, machine)
        except CannotRun as error:
            said = " ".join(str(error).split())
            session.display.say(f"warning: what {what} holds is not compared at the end: {said}")
        else:
            places |= {what: place} if place else {}
    releases = [one.fault for one in session.plan.injections if isinstance(one.fault, BadRelease)]
    return Recorded(
        project,
        snapshot(project, places, key, machine),
        deployed=tuple(dict.fromkeys(service for release in releases for service in release.targets)),
        docker=variables(),
        places=places,
        key=key,
        machine=machine,
    )


def note(folder: RunFolder, running: Running, inserted: Inserted | None = None) -> None:
    """For whoever comes from outside of the run: its project, and once there are any, its edges and their API; and how its services are
    stated, which holds the secrets that are masked. Raises OSError."""
    write_private(folder.path / "compose.yaml", written(as_stated(running)))
    told = {
        "run": folder.run,
        "project": running.name,
        "files": [str(path) for path in running.project.files],
        "directory": str(running.project.directory),
        "env_files": [str(path) for path in running.project.env_files],
        "compose_files": os.pathsep.join(str(path) for path in running.project.files),
        "edges": [dataclasses.asdict(edge) for edge in inserted.edges] if inserted else [],
        "api": list(inserted.api) if inserted else None,
    }
    write_private(folder.path / "stack.json", json.dumps(told, indent=2) + "\n")


def as_stated(running: Running) -> dict[str, Any]:
    """Its resolved Compose file. Where that is not known, what the containers tell, without images: no command can make anything by it."""
    config = running.project.config
    if not running.unread:
        return config
    services = {name: {**body, "image": None} for name, body in running.project.services.items()}
    return {**config, "services": services}


def tell(back: Returned, record: Callable[[Fact], object]) -> None:
    """What a project was found to be again, and what a person can do where it is not."""
    record(ProjectCompared(project=back.project, differences=back.other))
    if back.other or back.left:
        what = "; ".join((*back.left, *back.other))
        record(NotMended(fault=PROJECT, error=f"{back.project} is not what it was: {what}", commands=back.commands))
