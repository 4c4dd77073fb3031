"""A reach that asks a service the same thing once for all who ask while one look lasts: rabbitmqctl starts an Erlang VM each time, and tells
of all queues at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.world.handles import Login, Page, Reach, Said

KEPT_BYTES = 1 << 20  # what is longer is a table, of which nobody else asks the same


@dataclass(frozen=True)
class OnceReach:
    """Implements handles.Reach by another. A command that had not ended in time is not waited for again either, until `forget`."""

    reach: Reach
    _said: dict[tuple[object, ...], Said] = field(default_factory=dict)

    @property
    def services(self) -> Mapping[str, Mapping[str, Any]]:
        return self.reach.services

    def forget(self) -> None:
        """A new look begins."""
        self._said.clear()

    def inside(
        self, service: str, command: Sequence[str], environment: Mapping[str, str], within_s: float, most_bytes: int
    ) -> Said:
        asked = (service, *command, *sorted(environment.items()), within_s, most_bytes)
        said = self._said.get(asked)
        if said is None:
            said = self.reach.inside(service, command, environment, within_s, most_bytes)
            if said.out.seek(0, 2) <= KEPT_BYTES:
                self._said[asked] = said
        said.out.seek(0)
        return said

    def here(self, command: Sequence[str], within_s: float, most_bytes: int) -> Said:
        return self.reach.here(command, within_s, most_bytes)

    def get(
        self, service: str, port: int, path: str, headers: Mapping[str, str], within_s: float, most_bytes: int
    ) -> Page:
        return self.reach.get(service, port, path, headers, within_s, most_bytes)

    def peek(self, service: str, login: Login, queue: str, most: int, within_s: float) -> Sequence[bytes]:
        return self.reach.peek(service, login, queue, most, within_s)
