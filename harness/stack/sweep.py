"""Teardown by label alone: what bears the run's label goes, and nothing else, also after a kill and called twice."""

from __future__ import annotations

import time
from pathlib import Path

from harness.errors import CannotRun
from harness.stack.binds import remove_copies
from harness.stack.changes.identity import RUN_LABEL
from harness.stack.changes.lanes import COPIES_LABEL
from harness.stack.changes.watchdog import WATCHDOG
from harness.stack.watchdog import remove as remove_watchdog
from harness.world.docker_cli import asked, docker, inspected

TRIES = 4
REMOVE_S = 120.0
COPIES_IMAGE = "debian:trixie-slim"


def sweep(run_id: str) -> list[str]:
    """Remove the run's containers (with their anonymous volumes), networks and volumes; returns what could not be
    removed. The run's watchdog goes last: as long as something is left, it goes on trying.

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
            return left or remove_watchdog(run_id)
        time.sleep(0.3 * (attempt + 1))
    return left


def _containers(label: str) -> list[str]:
    """All but the watchdog."""
    shown = '{{.ID}} {{.Label "com.docker.compose.service"}}'
    told = asked("ps", "--all", "--no-trunc", "--filter", label, "--format", shown).splitlines()
    return [line.split()[0] for line in told if line.split()[1:] != [WATCHDOG]]


def _copies(label: str) -> list[Path]:
    """Folders with copies of bind mounts that the run's lanes name; only what lies in a run's folder is believed."""
    shown = '{{.Label "' + COPIES_LABEL + '"}}'
    answer = docker("ps", "--all", "--filter", label, "--format", shown)
    places = [Path(line) for line in answer.out.splitlines() if line.strip()]
    return [place for place in places if place.name == "binds" and (place.parent / "stack.json").exists()]


def _freed(network: str) -> bool:
    """A network whose endpoints outlived their containers: disconnect them, then remove it."""
    for seen in inspected("network", network):
        for endpoint in (seen.get("Containers") or {}).values():
            docker("network", "disconnect", "--force", network, str(endpoint.get("Name")))
    return docker("network", "rm", network).ok


def all_runs() -> list[str]:
    """Ids of all runs of which anything is left, by label."""
    found: set[str] = set()
    shown = '{{.Label "' + RUN_LABEL + '"}}'
    for kind in (("ps", "--all"), ("network", "ls"), ("volume", "ls")):
        found |= set(_ids(*kind, "--filter", f"label={RUN_LABEL}", "--format", shown))
    return sorted(found)


def _ids(*args: str) -> list[str]:
    return asked(*args).split()
