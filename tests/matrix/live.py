"""A run while it goes, for what is done to it meanwhile: wait for a fact, find its containers."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.facts import Fact
from harness.journal import Journal, read

LABEL = "io.drill.run"


class Over(Exception):
    """The run ended before what was waited for."""


@dataclass(frozen=True)
class Live:
    """`runs` is where this run alone puts its folder."""

    process: subprocess.Popen[bytes]
    runs: Path

    @property
    def folder(self) -> Path:
        return (self.runs / "latest").resolve()

    @property
    def run(self) -> str:
        return self.folder.name.rpartition("-")[2]

    @property
    def journal(self) -> Journal:
        """What it has written so far; empty before it has a folder."""
        return read(self.folder) if (self.folder / "facts").is_dir() else Journal(())

    def await_fact(self, kind: type[Fact], **fields: Any) -> None:
        """Wait until the run has written such a fact. Raises Over when it ends without it."""
        while not self.journal.of(kind, **fields):
            if self.process.poll() is not None:
                raise Over(f"the run ended before {kind.__name__}")
            time.sleep(0.2)

    def container(self, service: str) -> str:
        """The name of a service's only container. Raises Over when there is none."""
        found = self._names("label=com.docker.compose.service=" + service)
        if not found:
            raise Over(f"no container of {service} runs")
        (name,) = found
        return name

    def helper(self, name: str) -> str:
        """The name of a container of the harness's own, such as `pager`. Raises Over when there is none."""
        found = [one for one in self._names() if one.endswith(f"-{name}")]
        if not found:
            raise Over(f"no container of the harness is called …-{name}")
        return found[0]

    def _names(self, *filters: str) -> list[str]:
        words = [part for one in (f"label={LABEL}={self.run}", *filters) for part in ("--filter", one)]
        return docker("ps", "--format", "{{.Names}}", *words).split()


def docker(*words: str) -> str:
    """Raises CalledProcessError, with what Docker said."""
    return subprocess.run(("docker", *words), check=True, capture_output=True, text=True).stdout
