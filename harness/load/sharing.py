"""A load's session in a process that shares it with others: its users are given by Locust's master, its arrivals are every n-th."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.load.channel import Words
from harness.load.config import LoadConfig
from harness.load.session import Session


class Sharing(Session):
    def __init__(self, config: LoadConfig, ledger: Path, channel: Words, master: tuple[str, int]) -> None:
        super().__init__(config, ledger, channel)
        self._master = master
        self._given = False

    def _make_runner(self) -> Any:
        """Locust's worker; it returns once the master has answered it."""
        events: Any = self._environment.events
        events.spawning_complete.add_listener(self._all_given)
        return self._environment.create_worker_runner(*self._master)

    def _all_given(self, **_: Any) -> None:
        self._given = True

    def _begin_users(self) -> None:
        self._channel.tell("loaded")

    def _users_begun(self) -> bool:
        return super()._users_begun() and self._given

    def _planned(self) -> dict[str, int]:
        return dict(self._runner.target_user_classes_count)
