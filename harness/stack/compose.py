"""`docker compose` on the run's own file: up within a deadline, and what its errors mean."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.world.docker_cli import Answer, run


@dataclass(frozen=True)
class Compose:
    """One project and its file. Paths in the file are absolute; the directory is the user's, for what Compose still
    reads there."""

    project: str
    file: Path
    directory: Path
    env_files: tuple[Path, ...] = ()

    def up(self, services: Sequence[str], within_s: float, *options: str) -> Answer:
        """Create and start these services, or all; pulls and builds nothing. The command is killed at the deadline."""
        return self._run(
            "up", "--detach", "--no-build", "--pull", "never", "--quiet-pull", *options, *services, within_s=within_s
        )

    def down_networks(self) -> Answer:
        """Take away what a failed start left, so that other ranges can be tried; volumes stay."""
        return self._run("down", "--timeout", "1", within_s=60)

    def by_hand(self, services: Sequence[str], *options: str) -> str:
        """What a person types for the same."""
        return shlex.join(("docker", "compose", *self._about, "up", "-d", *options, *services))

    def told(self) -> dict[str, str]:
        """What a command of the user's is told, so that its `docker compose` reads this project as we do. Variables of the
        environment go before it where Compose itself would let them."""
        env_files = self.env_files
        if not env_files and "COMPOSE_ENV_FILES" not in os.environ and (self.directory / ".env").is_file():
            env_files = (self.directory / ".env",)  # Compose would look for it beside the run's own file
        told = {"COMPOSE_PROJECT_NAME": self.project, "COMPOSE_FILE": str(self.file)}
        return told | ({"COMPOSE_ENV_FILES": ",".join(map(str, env_files))} if env_files else {})

    @property
    def _about(self) -> tuple[str, ...]:
        """Which project, as arguments."""
        env_files = (part for path in self.env_files for part in ("--env-file", str(path)))
        return ("-p", self.project, "-f", str(self.file), "--project-directory", str(self.directory), *env_files)

    def _run(self, *args: str, within_s: float) -> Answer:
        command = ("docker", "compose", "--ansi", "never", "--progress", "quiet", *self._about)
        return run((*command, *args), within_s=within_s, cwd=self.directory)


def is_port_taken(answer: Answer) -> bool:
    """Somebody took one of our ports between choice and start."""
    said = answer.err.lower()
    # Docker 28: "failed to bind host port for 127.0.0.1:20000:172.18.0.3:80/tcp: address already in use"
    bound = re.search(r"\bbind\b.*: address already in use", said)
    return bool(bound) or "already allocated" in said or "ports are not available" in said


def is_pool_taken(answer: Answer) -> bool:
    """Somebody took one of our address ranges between choice and start."""
    said = answer.err.lower()
    return "pool overlaps" in said or "overlaps with other one" in said or "conflicts with network" in said
