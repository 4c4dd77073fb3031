"""Teardown by label alone: what is the run's goes, and nothing else, also after a kill and called twice.

The run's is what bears its label, and what is of its Compose project: a rollback of the user's own, with a file of theirs, makes
containers there that bear no label of ours. Of that project a network or a volume has a name that begins with the project's; one
with a fixed name may be somebody's who will need it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import CannotRun
from harness.stack.binds import COPIES, remove_copies
from harness.stack.changes.identity import RUN_LABEL, project_name
from harness.stack.changes.lanes import COPIES_LABEL
from harness.stack.changes.watchdog import WATCHDOG
from harness.stack.watchdog import FILE as WATCHDOG_FILE
from harness.stack.watchdog import remove as remove_watchdog
from harness.world.docker_cli import LOOK_S, asked, docker, inspected

TRIES = 4
REMOVE_S = 120.0
COPIES_IMAGE = "debian:trixie-slim"
PROJECT_LABEL, SERVICE_LABEL, FILES_LABEL = (
    f"com.docker.compose.{word}" for word in ("project", "service", "project.config_files")
)
KINDS = {
    "containers": (("ps", "--all", "--no-trunc"), "{{.ID}}\t{{.Names}}"),
    "networks": (("network", "ls", "--no-trunc"), "{{.ID}}\t{{.Name}}"),
    "volumes": (("volume", "ls"), "{{.Name}}\t{{.Name}}"),
}
"""How each is listed, and what tells one and its name."""


def sweep(run_id: str, *, last: bool = True) -> list[str]:
    """Remove the run's containers (with their anonymous volumes), networks, volumes and copies; returns what could not be
    removed. The run's watchdog goes last: as long as something is left, it goes on trying, also when we are killed here.

    last   False leaves the watchdog: something may still come to be, and the caller sweeps once more

    Does nothing on a second call. Never raises for what stays: the caller reports it.
    """
    left: list[str] = []
    copies = _copies(f"label={RUN_LABEL}={run_id}")
    for attempt in range(TRIES):
        left = []
        try:
            containers = _containers(run_id)
            if containers:
                docker("rm", "--force", "--volumes", *containers, within_s=REMOVE_S)
                left += [f"container {one[:12]}" for one in _containers(run_id)]
            for network in _ids("networks", run_id):
                if not docker("network", "rm", network).ok and not _freed(network):
                    left.append(f"network {network}")
            volumes = _ids("volumes", run_id)
            if volumes and not docker("volume", "rm", "--force", *volumes, within_s=REMOVE_S).ok:
                left += [f"volume {one}" for one in _ids("volumes", run_id)]
        except CannotRun as error:  # Docker is gone: nothing is known, so nothing is called removed
            return [f"everything of run {run_id}: {error}"]
        if not left:
            left = [gone for place in copies if (gone := remove_copies(place.parent, COPIES_IMAGE))]
            return left or (remove_watchdog(run_id) if last else [])
        time.sleep(0.3 * (attempt + 1))
    return left


@dataclass(frozen=True)
class _Thing:
    """`file` is the Compose file that a container was made from, where the run wrote that."""

    id: str
    run: str
    service: str
    file: str


def _things(kind: str, within_s: float = LOOK_S) -> Iterator[_Thing]:
    """All in Docker that are some run's. Raises CannotRun."""
    command, shown = KINDS[kind]
    labels = (RUN_LABEL, PROJECT_LABEL, SERVICE_LABEL, FILES_LABEL)
    form = "\t".join((shown, *(f'{{{{.Label "{label}"}}}}' for label in labels)))
    for line in asked(*command, "--format", form, within_s=within_s).splitlines():
        told = line.split("\t", len(labels) + 1)
        if len(told) < len(labels) + 2:  # the rest of somebody's label that has several lines
            continue
        id_, name, run, project, service, files = told
        of = re.fullmatch(project_name("([0-9a-f]{8})"), project)
        if run:
            yield _Thing(id_, run, service, files.split(",")[0])
        elif of and (kind == "containers" or name.startswith(f"{project}_")):
            yield _Thing(id_, of[1], service, "")


def _containers(run_id: str) -> list[str]:
    """All but the watchdog."""
    return [one.id for one in _things("containers") if one.run == run_id and one.service != WATCHDOG]


def _ids(kind: str, run_id: str) -> list[str]:
    return [one.id for one in _things(kind) if one.run == run_id]


def _copies(label: str) -> list[Path]:
    """Folders with copies of bind mounts that the run's lanes name, or that lie beside the file by which its watchdog was started
    (which is there before them, and after); only what lies in a run's folder is believed."""
    shown = '{{.Label "' + COPIES_LABEL + '"}}\t{{.Label "com.docker.compose.project.config_files"}}'
    answer = docker("ps", "--all", "--filter", label, "--format", shown)
    told = [line.partition("\t") for line in answer.out.splitlines()]
    named = [Path(copies) for copies, _, _ in told if copies.strip()]
    beside = [Path(file.split(",")[0]).parent / COPIES for _, _, file in told if file.strip()]
    return [place for place in dict.fromkeys((*named, *beside)) if place.name == COPIES and _in_a_run(place)]


def _in_a_run(copies: Path) -> bool:
    ours = (copies.parent / "stack.json").exists() or (copies.parent / WATCHDOG_FILE).exists()
    return ours and copies.is_dir()


def _freed(network: str) -> bool:
    """A network whose endpoints outlived their containers: disconnect them, then remove it."""
    for seen in inspected("network", network):
        for endpoint in (seen.get("Containers") or {}).values():
            docker("network", "disconnect", "--force", network, str(endpoint.get("Name")))
    return docker("network", "rm", network).ok


@dataclass(frozen=True)
class Remains:
    """What is a run's, counted, and the run's folder as Compose noted it on its containers; None where it did not."""

    containers: int = 0
    networks: int = 0
    volumes: int = 0
    folder: Path | None = None


def all_runs() -> list[str]:
    """Ids of all runs of which anything is left."""
    return sorted(remains())


def remains(within_s: float = LOOK_S) -> dict[str, Remains]:
    """By run id, what is there of it. Raises CannotRun when Docker does not answer in time."""
    found: dict[str, Remains] = {}
    for kind in KINDS:
        for one in _things(kind, within_s):
            seen = found.get(one.run, Remains())
            place = Path(one.file).parent if one.file else seen.folder
            found[one.run] = replace(seen, **{kind: getattr(seen, kind) + 1, "folder": place})
    return found
