"""The kernel's accounts of processor time: of the machine, of a container, of a process with all that it started.

All are counters in seconds, read from /proc and /sys/fs/cgroup in some ten microseconds each. Sources: proc(5),
Documentation/admin-guide/cgroup-v2.rst (cpu.stat) and cgroup-v1/cpuacct.rst of the kernel.

What is read each second by the numbers of processes is named by text: a `Path` interns its parts, and each number that is gone again
leaves an unused place in CPython's table of interned strings, which doubles (2 MB) when those have filled it, after an hour or so.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")
DOCKERS = ("dockerd", "containerd", "containerd-shim", "docker-proxy")


@dataclass(frozen=True)
class Machine:
    """All processors together since the machine's start; busy_s is without interrupts, idle_s with waiting for a disk.

    What niced processes used is busy: beside one of nice 5 another gets about three quarters, and to a container, in a group of
    its own, a neighbour of whatever nice value gives no way at all (sched(7), "The nice value and group scheduling").
    """

    processors: int
    busy_s: float
    idle_s: float
    steal_s: float
    total_s: float


def machine(proc: Path = PROC) -> Machine:
    """Raises OSError or ValueError where /proc/stat is not as Linux has it."""
    text = (proc / "stat").read_text()
    ticks = [int(word) for word in text.split("\n", 1)[0].split()[1:9]]
    if len(ticks) < 8:
        raise ValueError(f"{proc / 'stat'} has no steal time")
    user, nice, system, idle, iowait, _, _, steal = (tick / TICKS for tick in ticks)
    processors = len(re.findall(r"^cpu\d", text, re.MULTILINE))
    return Machine(processors, user + nice + system, idle + iowait, steal, sum(ticks) / TICKS)


def container_account(pid: int, container: str, proc: Path = PROC, cgroups: Path = CGROUPS) -> Path | None:
    """The file with what a container used, found by its first process. None where that process is not the container's own:
    Docker is on another machine then, or in a namespace of its own. Both versions of cgroups name a container by its id.
    """
    try:
        lines = (proc / str(pid) / "cgroup").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        number, controllers, path = line.split(":", 2)
        before, found, after = path.partition(container)
        if not found:
            continue
        inside = (before + container + after.partition("/")[0]).lstrip("/")
        if number == "0":
            files = [cgroups / inside / "cpu.stat", cgroups / "unified" / inside / "cpu.stat"]
        elif "cpuacct" in controllers.split(","):
            files = [cgroups / place / inside / "cpuacct.usage" for place in (controllers, "cpuacct")]
        else:
            continue
        for file in files:
            if file.exists():
                return file
    return None


def container_s(account: Path) -> float:
    """What a container used. Raises OSError when it is gone, ValueError for a file of another kind."""
    text = account.read_text()
    if account.name == "cpuacct.usage":
        return int(text) / 1e9
    usage = re.search(r"^usage_usec (\d+)", text, re.MULTILINE)
    if usage is None:
        raise ValueError(f"{account} has no line of usage")
    return int(usage.group(1)) / 1e6


def process_s(pid: int, proc: Path = PROC) -> float:
    """What a process itself used; 0 when it is gone.

    Without its children that have ended: a supervisor of Docker's is put down, in the instant in which one ends, all that it used
    in its life, and those are processes of containers.
    """
    return sum(_ticks(pid, proc)[:2]) / TICKS


def tree_s(root: int, proc: Path = PROC) -> float:
    """What a process used, and all that it started: what has ended too, which stood in its own account while it ran."""
    return sum(sum(_ticks(pid, proc)) for pid in _tree(root, proc)) / TICKS


def tells_children(proc: Path = PROC) -> bool:
    """Whether this kernel tells who started whom (CONFIG_PROC_CHILDREN)."""
    return os.path.exists(f"{proc}/{os.getpid()}/task/{os.getpid()}/children")


def dockers(proc: Path = PROC) -> tuple[int, ...]:
    """Docker's own processes: daemon, supervisors, forwarders of ports."""
    found = []
    for entry in os.scandir(proc):
        if entry.name.isdigit():
            try:
                name = _text(f"{entry.path}/comm").strip()
            except OSError:
                continue
            if name.startswith(DOCKERS):
                found.append(int(entry.name))
    return tuple(found)


def _ticks(pid: int, proc: Path) -> list[int]:
    """utime, stime, and cutime, cstime of the children that have ended; [] when it is gone."""
    try:
        text = _text(f"{proc}/{pid}/stat")
    except OSError:
        return []
    return [int(word) for word in text.rpartition(")")[2].split()[11:15]]


def _tree(root: int, proc: Path) -> Iterator[int]:
    yield root
    try:
        tasks = os.listdir(f"{proc}/{root}/task")
    except OSError:
        return
    for task in tasks:
        try:
            children = _text(f"{proc}/{root}/task/{task}/children").split()
        except OSError:
            continue
        for child in children:
            yield from _tree(int(child), proc)


def _text(path: str) -> str:
    with open(path) as file:
        return file.read()
