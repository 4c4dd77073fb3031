"""A Compose project as a run uses it while it plays: brought up by the run, or running already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from harness.edges import Edge
from harness.stack.compose import Compose
from harness.stack.project import Project


class PlayedOn(Protocol):
    """See stack.Stack, which is one."""

    @property
    def project(self) -> Project: ...

    @property
    def project_name(self) -> str:
        """The Compose project whose containers it is."""
        ...

    @property
    def compose(self) -> Compose:
        """It, as `docker compose` takes it."""
        ...

    @property
    def services(self) -> Mapping[str, Mapping[str, Any]]: ...

    @property
    def edges(self) -> tuple[Edge, ...]: ...

    def address(self, target: str) -> tuple[str, int]:
        """Where this machine reaches 'service:port'. Raises UsageError."""
        ...

    def attachments(self, service: str) -> tuple[tuple[str, str], ...]:
        """The networks that a service is on, for a helper of the run's."""
        ...

    def copied(self, service: str, target: str) -> str:
        """Where the run's own copy of a bind mount lies; ''."""
        ...
