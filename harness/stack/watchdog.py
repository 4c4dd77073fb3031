"""The watchdog's start, before every other container of a run, and its end, after them all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from harness.errors import CannotRun, Missing, NotApplied
from harness.stack.changes.identity import RUN_LABEL, project_name
from harness.stack.changes.watchdog import WATCHDOG, Watched, watchdog
from harness.stack.compose import Compose
from harness.stack.project import write_private, written
from harness.world.docker_cli import CURE, asked, docker

FILE = "compose.watchdog.yaml"
START_S = 60.0
REMOVE_S = 30.0


def watched(folder: Path, lease_s: float, *, copies: bool) -> Watched:
    """What a run in this folder needs of its watchdog. Raises CannotRun for a Docker on another machine.

    It is the harness's own user, so that the files which it writes are that user's and no capability is needed. A daemon without
    root, or one in a virtual machine, calls that user root.
    """
    from harness.world.docker import socket_path

    try:
        socket = socket_path()
    except NotApplied as error:
        raise CannotRun(Missing(str(error), "unset DOCKER_HOST or: docker context use default")) from error
    user = "0:0"
    groups: tuple[str, ...] = ()
    seen = os.stat(socket) if os.path.exists(socket) else None
    if seen is not None and stat.S_ISSOCK(seen.st_mode) and (seen.st_uid != os.geteuid() or os.geteuid() == 0):
        user, groups = f"{os.geteuid()}:{os.getegid()}", (str(seen.st_gid),)
    return Watched(str(folder), lease_s, socket, user, groups, copies)


def start(what: Watched, run_id: str, image: str, directory: Path) -> None:
    """Start it alone, by a file that has nothing else; the run's own file states the same service. Raises CannotRun."""
    config, _ = watchdog({"name": project_name(run_id)}, what, run_id=run_id, harness_image=image)
    file = Path(what.folder) / FILE
    write_private(file, written(config))
    answer = Compose(project_name(run_id), file, directory).up((WATCHDOG,), START_S)
    if not answer.ok:
        raise CannotRun(Missing(f"the run's watchdog cannot be started: {answer.why}", CURE))


def remove(run_id: str) -> list[str]:
    """Remove it: the run ended, and nothing of it is left, or all is kept. Returns what stays. Raises CannotRun without Docker."""
    labels = (f"label={RUN_LABEL}={run_id}", f"label=com.docker.compose.service={WATCHDOG}")
    words = ("ps", "--all", "--quiet", "--no-trunc", *(part for label in labels for part in ("--filter", label)))
    found = asked(*words).split()
    if not found:
        return []
    docker("rm", "--force", "--volumes", *found, within_s=REMOVE_S)
    return [f"container {one[:12]}" for one in asked(*words).split()]
