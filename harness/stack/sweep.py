"""Teardown by label alone: what bears the run's label goes, and nothing else, also after a kill and called twice."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import CannotRun
from harness.stack.binds import COPIES, remove_copies
from harness.stack.changes.identity import RUN_LABEL
from harness.stack.changes.lanes import COPIES_LABEL
from harness.stack.changes.watchdog import WATCHDOG
from harness.stack.watchdog import FILE as WATCHDOG_FILE
from harness.stack.watchdog import remove as remove_watchdog
from harness.world.docker_cli import LOOK_S, asked, docker, inspected

TRIES = 4
REMOVE_S = 120.0
COPIES_IMAGE = "debian:trixie-slim"


def sweep(run_id: str, *, last: bool = True) -> list[str]:
    """Remove the run's containers (with their anonymous volumes), networks, volumes and copies; returns what could not be
    removed. The run's watchdog goes last: as long as something is left, it goes on trying, also when we are killed here.

    last   False leaves the watchdog: something may still come to be, and the caller sweeps once more

    Does nothing on a second call. Never raises for what stays: the caller reports it.
    """
    label = f"label={RUN_LABEL}={run_id}"
    left: list[str] = []
    copies = _copies(label)
    for attempt in range(TRIES):
        left = []
        try:
            containers = _containers(label)
            if containers:
                docker("rm", "--force", "--volumes", *containers, within_s=REMOVE_S)
                left += [f"container {one[:12]}" for one in _containers(label)]
            for network in _ids("network", "ls", "--quiet", "--filter", label):
                if not docker("network", "rm", network).ok and not _freed(network):
                    left.append(f"network {network}")
            volumes = _ids("volume", "ls", "--quiet", "--filter", label)
            if volumes and not docker("volume", "rm", "--force", *volumes, within_s=REMOVE_S).ok:
                left += [f"volume {one}" for one in _ids("volume", "ls", "--quiet", "--filter", label)]
        except CannotRun as error:  # Docker is gone: nothing is known, so nothing is called removed
            return [f"everything of run {run_id}: {error}"]
        if not left:
            left = [gone for place in copies if (gone := remove_copies(place.parent, COPIES_IMAGE))]
            return left or (remove_watchdog(run_id) if last else [])
        time.sleep(0.3 * (attempt + 1))
    return left


def _containers(label: str) -> list[str]:
    """All but the watchdog."""
    shown = '{{.ID}} {{.Label "com.docker.compose.service"}}'
    told = asked("ps", "--all", "--no-trunc", "--filter", label, "--format", shown).splitlines()
    return [line.split()[0] for line in told if line.split()[1:] != [WATCHDOG]]


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
    """What bears a run's label, counted, and the run's folder as Compose noted it on its containers; None where it did not."""

    containers: int = 0
    networks: int = 0
    volumes: int = 0
    folder: Path | None = None


def all_runs() -> list[str]:
    """Ids of all runs of which anything is left, by label."""
    return sorted(remains())


def remains(within_s: float = LOOK_S) -> dict[str, Remains]:
    """By run id, what is there of it. Raises CannotRun when Docker does not answer in time."""
    shown = f'{{{{.Label "{RUN_LABEL}"}}}}'
    with_file = f'{shown}\t{{{{.Label "com.docker.compose.project.config_files"}}}}'
    found: dict[str, Remains] = {}
    for kind, command, form in (
        ("containers", ("ps", "--all"), with_file),
        ("networks", ("network", "ls"), shown),
        ("volumes", ("volume", "ls"), shown),
    ):
        told = asked(*command, "--filter", f"label={RUN_LABEL}", "--format", form, within_s=within_s)
        for run, _, file in (line.partition("\t") for line in told.splitlines() if line.strip()):
            seen = found.get(run, Remains())
            place = Path(file.split(",")[0]).parent if file else seen.folder
            found[run] = replace(seen, **{kind: getattr(seen, kind) + 1, "folder": place})
    return found


def _ids(*args: str) -> list[str]:
    return asked(*args).split()
