"""Processes that a dead harness left running for its run: Docker's commands, and what the drill's own commands started."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

PROC = Path("/proc")
DOCKER = ("docker", "docker-compose")
GONE_S = 5.0


def found(run: str, project: str, label: str) -> dict[int, str]:
    """By process id, in words: Docker's commands on the run's project, containers or label that were begun in a session of their own,
    as a harness begins them (a person's `docker ps` has that of their terminal), and whatever has DRILL_RUN in its environment, as
    a rollback's command has and all that it starts."""
    docker = matching(lambda _, words: _on_the_run(words, project, label))
    ours = {pid for pid in docker if _session(pid) in docker or _leader_ended(pid)}
    return {pid: words for pid, words in docker.items() if pid in ours} | matching(
        lambda pid, _: f"DRILL_RUN={run}" in environment(pid)
    )


def matching(ours: Callable[[int, list[str]], bool]) -> dict[int, str]:
    """All processes but our own that have a command line and are so, in words."""
    return {pid: " ".join(words) for pid, words in _processes() if words and ours(pid, words)}


def end(pids: Mapping[int, str]) -> list[str]:
    """Kill them and wait until they are gone; returns what they were, in words."""
    for pid in pids:
        with contextlib.suppress(OSError):  # gone meanwhile, or somebody else's
            os.kill(pid, signal.SIGKILL)
    limit = time.monotonic() + GONE_S
    while pids and time.monotonic() < limit and any(command(pid) for pid in pids):
        time.sleep(0.02)
    return list(pids.values())


def orphaned(pids: Mapping[int, str], since: int) -> dict[int, str]:
    """Those of them that nobody looks after: whose parent is older than `since` (as the kernel counts starts), the start of the
    harness that died. A dead one's children go to one of its own ancestors, who are older than it was; what has begun
    after it, such as a `drill mend`, has a younger parent. What such processes started in turn belongs to them."""
    kept: set[int] = set()
    while True:
        more = {pid for pid in pids if pid not in kept and (_parent(pid) in kept or _older(_parent(pid), since))}
        if not more:
            return {pid: pids[pid] for pid in kept}
        kept |= more


def command(pid: int) -> list[str]:
    """Its words; [] when it is gone, or is not ours to look at."""
    return _words(pid, "cmdline")


def environment(pid: int) -> list[str]:
    """Its variables, NAME=value."""
    return _words(pid, "environ")


def _processes() -> Iterator[tuple[int, list[str]]]:
    for entry in PROC.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            yield int(entry.name), command(int(entry.name))


def _on_the_run(words: list[str], project: str, label: str) -> bool:
    ours = (word == project or word.startswith(f"{project}-") or word.endswith(label) for word in words)
    return Path(words[0]).name in DOCKER and any(ours)


def _words(pid: int, file: str) -> list[str]:
    try:
        text = (PROC / str(pid) / file).read_bytes().decode("utf-8", "replace")
    except OSError:
        return []
    return text.rstrip("\0").split("\0") if text else []


def _parent(pid: int) -> int:
    return int((stat_of(pid) or ["", "0"])[1])


def _session(pid: int) -> int:
    """The process that began its session; 0 when that is none that can be seen from here, such as a container's caller."""
    return int((stat_of(pid) or ["", "", "", "0"])[3])


def _leader_ended(pid: int) -> bool:
    leader = _session(pid)
    return leader != 0 and not stat_of(leader)


def _older(pid: int, since: int) -> bool:
    fields = stat_of(pid)
    return pid in (0, 1) or (bool(fields) and int(fields[19]) < since)


def stat_of(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name: state, parent, …, start in clock ticks since boot at 19; [] when it is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
