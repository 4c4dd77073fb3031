"""Starts the Docker Engine of this machine when it is installed and none runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from harness.doctor.docker_cli import ask, docker
from harness.errors import CannotRun, Missing

LOG = Path("/var/log/drill-dockerd.log")
PID_FILE = Path("/var/run/docker.pid")
PLACES = ("/usr/sbin/dockerd", "/usr/bin/dockerd", "/usr/local/bin/dockerd", "/sbin/dockerd")
START_S = 90.0
SYSTEMD = Path("/run/systemd/system")
"""There only where systemd runs the machine (man sd_booted)."""


def find_dockerd() -> str | None:
    """The engine's program; often off the path of who calls us."""
    return shutil.which("dockerd") or next((place for place in PLACES if os.access(place, os.X_OK)), None)


def start(say: Callable[[str], object]) -> None:
    """Start the engine and wait until it answers: by systemd where that runs the machine, else `dockerd` detached.

    Raises errors.CannotRun with the engine's own last words when it does not come up.
    """
    if SYSTEMD.is_dir():
        say("systemctl enable --now docker")
        started = ask("systemctl", "enable", "--now", "docker", timeout_s=START_S)
        if not started.ok:
            raise CannotRun(Missing(f"systemd did not start Docker: {started.last}", "journalctl -u docker -n 50"))
        _await(None)
        return
    program = find_dockerd()
    if program is None:
        raise CannotRun("Docker Engine is not installed (no dockerd)")
    if _starting():
        say("a dockerd is starting; waiting for it")
        _await(None)
        return
    _mount_cgroups(say)
    say(f"starting {program} in the background, its log in {LOG}")
    with LOG.open("ab") as log:
        began = log.tell()
        engine = subprocess.Popen(
            [program], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )
    _await(engine, began)


def _await(engine: subprocess.Popen[bytes] | None, log_from: int = 0) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if docker("version", "--format", "{{.Server.Version}}", timeout_s=10).ok:
            return
        if engine is not None and engine.poll() is not None:
            break
        time.sleep(0.2)
    words = last_words(LOG, log_from) if engine is not None else ""
    raise CannotRun(
        Missing(
            f"Docker Engine does not start here{': ' + words if words else f' within {START_S:g} s'}",
            f"tail {LOG}" if engine is not None else "journalctl -u docker -n 50",
        )
    )


def last_words(log: Path, start_at: int = 0) -> str:
    """Why the engine ended, from its log after a position in bytes: its closing sentence, however many lines that has.

    The sentence begins with `failed to start daemon` (dockerd's own words); without one it is the last line.
    """
    try:
        with log.open("rb") as file:
            file.seek(start_at)
            lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    begins = [n for n, line in enumerate(lines) if line.startswith("failed to start daemon")]
    return " ".join(lines[begins[-1] if begins else -1 :])[:600]


def _starting() -> bool:
    """Whether the process in Docker's pid file lives and is a dockerd."""
    try:
        pid = int(PID_FILE.read_text())
        return Path(f"/proc/{pid}/comm").read_text().strip() == "dockerd"
    except (OSError, ValueError):
        return False


def _mount_cgroups(say: Callable[[str], object]) -> None:
    """On a machine whose init mounts no control groups, mount them (version 2), for the engine needs them."""
    mounts = Path("/proc/mounts").read_text()
    if "/sys/fs/cgroup" not in mounts and Path("/sys/fs/cgroup").is_dir():
        say("mount -t cgroup2 cgroup2 /sys/fs/cgroup")
        mounted = ask("mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
        if not mounted.ok:
            raise CannotRun(f"control groups cannot be mounted, which Docker Engine needs: {mounted.last}")
