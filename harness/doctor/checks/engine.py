"""Docker Engine ≥ 20.10 answers; installed from the distribution's packages and started where it is not there."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass

from harness.doctor import daemon
from harness.doctor.apt import borrowing_commands, install
from harness.doctor.command import fix_line
from harness.doctor.debian import Distribution, apt_line, distribution
from harness.doctor.docker_cli import docker
from harness.doctor.privilege import may_install
from harness.doctor.seen import Say, Seen
from harness.world.docker_cli import Answer

AT_LEAST = (20, 10)
LOCAL = ("default", "rootless", "")


@dataclass(frozen=True)
class EngineCheck:
    """The engine that `docker` talks to. A Docker that works is never touched, wherever it came from."""

    name: str = "engine"
    needs: tuple[str, ...] = ()

    def look(self) -> Seen:
        answer = docker("version", "--format", "{{.Server.Version}} {{.Server.Os}} {{.Client.Version}}")
        if not answer.ok:
            return self._silent(answer)
        version, system, client = (*answer.out.split(), "", "", "")[:3]
        path = shutil.which("docker")
        what = f"Docker Engine {version} ({path}, {client})"
        if "podman" in docker("--version").out.lower():
            return Seen(self.name, "missing", f"{path} is Podman, which is not Docker Engine", "install Docker Engine")
        if not new_enough(version, AT_LEAST):
            return Seen(self.name, "missing", f"{what} is too old", "upgrade Docker Engine to 20.10 or newer")
        if system != "linux":
            return Seen(self.name, "missing", f"{what} runs {system} containers", "switch Docker to Linux containers")
        return Seen(self.name, "ok", what)

    def fix(self, say: Say) -> None:
        """Install what is missing of Docker, then start its engine; nothing where Docker answers or is elsewhere."""
        system = distribution()
        if elsewhere() or not may_install(system) or self._answers():
            return
        if shutil.which("docker") is None or daemon.find_dockerd() is None:
            install(system, system.docker, say)
        if not self._answers():
            daemon.start(say)

    def _answers(self) -> bool:
        return docker("version", "--format", "{{.Server.Version}}").ok

    def _silent(self, answer: Answer) -> Seen:
        """Why Docker does not answer, and what to type about it here."""
        system = distribution()
        other = elsewhere()
        if other:
            return Seen(
                self.name, "missing", f"Docker at {other} does not answer: {answer.last}",
                "start that engine, or come back: unset DOCKER_HOST DOCKER_CONTEXT; docker context use default",
            )  # fmt: skip
        if "permission denied" in answer.last.lower():
            return Seen(
                self.name, "missing", "Docker Engine runs, but this user may not talk to it",
                "as root: usermod -aG docker $USER, then log in again",
            )  # fmt: skip
        if daemon.find_dockerd() and shutil.which("docker"):
            what, by_hand = f"Docker Engine is installed but does not answer: {answer.last}", start_line()
        elif shutil.which("docker"):
            what, by_hand = f"no Docker Engine here, only its command {shutil.which('docker')}", install_line(system)
        else:
            what, by_hand = "Docker is not installed", install_line(system)
        return Seen(self.name, "missing", what, fix_line() if may_install(system) else by_hand)


def elsewhere() -> str:
    """Where Docker was told to look instead of this machine's own engine; '' when it was not told so.

    Variables and contexts are Docker's own: DOCKER_HOST, DOCKER_CONTEXT, `docker context use`.
    """
    host, context = os.environ.get("DOCKER_HOST", ""), os.environ.get("DOCKER_CONTEXT", "")
    if host and host != "unix:///var/run/docker.sock":
        return f"DOCKER_HOST={host}"
    if not context and shutil.which("docker"):
        context = docker("context", "show").out.strip()
    return f"context {context}" if context not in LOCAL else ""


def new_enough(version: str, at_least: tuple[int, int]) -> bool:
    """Whether `26.1.5+dfsg1` is at least (20, 10). A version without numbers is not."""
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= at_least


def start_line() -> str:
    """The command that starts an installed engine."""
    return "as root: systemctl enable --now docker (or, without systemd: dockerd &)"


def install_line(system: Distribution) -> str:
    """The commands that install Docker on a distribution."""
    if not system.installable:
        return system.by_hand
    return "as root: " + " && ".join((*borrowing_commands(system), apt_line(system.docker)))
