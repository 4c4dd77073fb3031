"""A running project in the place that a stack of the run's own has in other runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.attach.addresses import HERE, address_of
from harness.attach.found import Running, listed, service_of
from harness.attach.record import waits
from harness.edges import Edge
from harness.errors import CannotRun, UsageError
from harness.stack.compose import Compose
from harness.stack.project import Project


class AttachedStack:
    """Implements stack.played_on.PlayedOn. `edges`: those that a Toxiproxy stands on have an address. `stated`: the file that says how
    its services are stated, for where its own cannot be read."""

    def __init__(self, running: Running, edges: tuple[Edge, ...], stated: Path, machine: str = HERE) -> None:
        self._running, self._edges, self._stated, self._machine = running, edges, stated, machine

    @property
    def project(self) -> Project:
        return self._running.project

    @property
    def project_name(self) -> str:
        return self._running.name

    @property
    def compose(self) -> Compose:
        """For the commands of the drill's own; nothing is made by it. Its file is all of the project's, as COMPOSE_FILE takes them."""
        project = self._running.project
        files = Path(os.pathsep.join(map(str, project.files or (self._stated,))))
        return Compose(self.project_name, files, project.directory, project.env_files)

    @property
    def services(self) -> Mapping[str, Mapping[str, Any]]:
        return self._running.project.services

    @property
    def edges(self) -> tuple[Edge, ...]:
        return self._edges

    def placed(self, edges: tuple[Edge, ...]) -> None:
        """These now have a Toxiproxy on them."""
        with_address = {edge.id: edge for edge in edges}
        self._edges = tuple(with_address.get(edge.id, edge) for edge in self._edges)

    def address(self, target: str) -> tuple[str, int]:
        """Asked of Docker anew: a container that was started again may have another. Raises UsageError."""
        service, _, port = target.rpartition(":")
        try:
            up = [
                one
                for one in listed(self._running.name)
                if service_of(one) == service and one["State"]["Running"] and not waits(str(one["Name"]))
            ]
        except CannotRun as error:
            raise UsageError(f"{target} cannot be reached: {error}") from error
        return address_of(up, service, int(port), self._machine)

    def attachments(self, service: str) -> tuple[tuple[str, str], ...]:
        """None: no helper of ours joins networks of a project that is not ours."""
        return ()

    def copied(self, service: str, target: str) -> str:
        """Nothing of it is copied."""
        return ""
