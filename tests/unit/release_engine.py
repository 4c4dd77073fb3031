"""Containers as data, for tests of releases: what Docker and Compose would say and do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.stack import release as module
from harness.stack import release_out
from harness.stack.compose import Compose
from harness.stack.project import written
from harness.stack.release_file import read_file
from harness.world.docker_cli import Answer

CONFIG: dict[str, Any] = {"services": {"api": {"image": "api:1", "environment": {"A": "$x"}}, "db": {"image": "db:1"}}}


class Engine:
    """Containers that `docker compose up` makes new from a file: what Docker would say of them."""

    def __init__(self, folder: Path, replicas: int = 2) -> None:
        self.replicas = replicas
        self.said: list[tuple[str, ...]] = []
        self.refuses = False
        self.stays = False
        self.of_image: dict[str, str] = {}
        self.file = folder / "compose.yaml"
        self.file.write_text(written(CONFIG))
        self.containers = [self._container(number, "api:1", {"A": "$x"}) for number in range(replicas)]

    def _container(self, number: int, image: str, environment: dict[str, str]) -> dict[str, Any]:
        return {
            "Id": f"id-{number}-{image}-{len(self.said)}",
            "Name": f"/api-{number + 1}",
            "Image": f"sha256:{image}",
            "Config": {
                "Image": image,
                "Env": [f"{name}={value}" for name, value in environment.items()],
                "Labels": {"io.drill.run": "x"},
            },
            "State": {"Status": "running", "Running": True},
        }

    def up(self, compose: Compose, services: Sequence[str], within_s: float, *options: str) -> Answer:
        self.said.append((compose.file.name, *services, *options))
        if self.refuses:
            return Answer(1, "", "the network is gone")
        body = read_file(compose.file)["services"]["api"]
        made = [
            self._container(n, body["image"], {**self.of_image, **body["environment"]}) for n in range(self.replicas)
        ]
        keeps = self.containers if "--no-recreate" in options else []
        if not self.stays:
            names = {container["Name"] for container in keeps}
            self.containers = [*keeps, *(one for one in made if one["Name"] not in names)]
        return Answer(0, "", "")

    def docker(self, *words: str, within_s: float = 0.0) -> Answer:
        if words[0] == "rm":
            self.containers = [container for container in self.containers if container["Id"] != words[-1]]
        return Answer(0, "", "")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine(tmp_path)

    def up(compose: Compose, services: Sequence[str], within_s: float, *options: str) -> Answer:
        return made.up(compose, services, within_s, *options)

    monkeypatch.setattr(Compose, "up", up)
    monkeypatch.setattr(module, "docker", made.docker)
    monkeypatch.setattr(
        release_out, "inspected", lambda _, image: [] if "none" in image else [{"Id": f"sha256:{image}"}]
    )
    monkeypatch.setattr(module, "READY_S", 0.2)
    return made
