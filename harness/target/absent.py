"""What a target does not have: containers that drill could look at or touch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NoReturn

from harness.errors import NotApplied
from harness.facts import ContainerChanged, ContainerSeen, HeldSeen, MemorySeen

WHY = "drill sees only the containers of a stack that it starts itself"


class NoContainers:
    """Implements handles.Containers: there are none to be seen, and what would touch one is refused."""

    def states(self, service: str = "") -> Sequence[ContainerSeen]:
        self._none()

    def changes(self) -> Sequence[ContainerChanged]:
        return ()

    def memory(self, service: str) -> Sequence[MemorySeen]:
        self._none()

    def threads(self, service: str) -> Sequence[HeldSeen]:
        self._none()

    def listed(self, service: str = "") -> list[dict[str, Any]]:
        self._none()

    def running(self) -> Sequence[str]:
        return ()

    def pid(self, container: str) -> int:
        return 0

    def stop(self, service: str, grace_s: float, only: Collection[str] = ()) -> None:
        self._none()

    def kill(self, service: str, signal: str, only: Collection[str] = ()) -> None:
        self._none()

    def pause(self, service: str, only: Collection[str] = ()) -> None:
        self._none()

    def unpause(self, service: str, only: Collection[str] = ()) -> None:
        self._none()

    def start(self, service: str, only: Collection[str] = ()) -> None:
        self._none()

    def restart(self, service: str) -> None:
        self._none()

    def await_back(self) -> bool:
        """There is no Docker to wait for."""
        return True

    def _none(self) -> NoReturn:
        raise NotApplied(WHY)
