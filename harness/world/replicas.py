"""What is done to the containers of a service: to all of them at once, each read back until it is so."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness.errors import NotApplied
from harness.world.container_facts import name_of
from harness.world.docker import refusing

READBACK_S = 10.0
"""How long what was asked for may take to be so; Docker answers `stop` and `kill` when it is nearly done."""


class Replicas:
    """Those of one service, as Docker described them before. `inspect` describes one now; None when it is gone."""

    def __init__(
        self, service: str, before: Sequence[dict[str, Any]], inspect: Callable[[str], dict[str, Any] | None]
    ) -> None:
        self._service, self._before, self._inspect = service, before, inspect

    def each(
        self,
        what: str,
        do: Callable[[str], object],
        *,
        of: Callable[[dict[str, Any]], bool] = lambda state: True,
        until: Callable[[dict[str, Any], dict[str, Any]], bool] | None,
        within_s: float = READBACK_S,
        none_is_fine: bool = False,
    ) -> None:
        """Do it to each (`of`: that is so) and read it back (`until`: it is so now, of what it was). The first that failed is the error."""
        if not self._before:
            raise NotApplied(f"cannot {what}: the stack has no container of {self._service!r}")
        chosen = [data for data in self._before if of(data)]
        if not chosen:
            if none_is_fine:
                return
            states = ", ".join(f"{name_of(data)} is {data['State']['Status']}" for data in self._before)
            raise NotApplied(f"cannot {what}: {states}")

        def one(before: dict[str, Any]) -> None:
            with refusing(what):
                do(before["Id"])
            if until is not None:
                self._read_back(what, before, until, within_s)

        with ThreadPoolExecutor(len(chosen), thread_name_prefix="containers") as pool:
            outcomes = [pool.submit(one, data) for data in chosen]
        for outcome in outcomes:
            outcome.result()

    def _read_back(
        self,
        what: str,
        before: dict[str, Any],
        until: Callable[[dict[str, Any], dict[str, Any]], bool],
        within_s: float,
    ) -> None:
        ends_s = time.monotonic() + within_s
        while True:
            now = self._inspect(before["Id"])
            if now is None:
                raise NotApplied(f"cannot {what}: {name_of(before)} is gone")
            if until(now, before):
                return
            if time.monotonic() > ends_s:
                raise NotApplied(f"{what}: {name_of(before)} is still {now['State']['Status']} after {within_s:g} s")
            time.sleep(0.05)


# --- what `of` and `until` may ask of one


def runs(data: dict[str, Any]) -> bool:
    return bool(data["State"]["Running"]) and not data["State"]["Paused"]


def paused(data: dict[str, Any], was: object = None) -> bool:
    return bool(data["State"]["Paused"])


def thawed(now: dict[str, Any], was: object) -> bool:
    return not now["State"]["Paused"]


def down(data: dict[str, Any]) -> bool:
    return not data["State"]["Running"]


def ended(now: dict[str, Any], was: dict[str, Any]) -> bool:
    """Its process is gone; a restart policy may have begun another one already."""
    return not now["State"]["Running"] or now["State"]["StartedAt"] != was["State"]["StartedAt"]


def begun(now: dict[str, Any], was: dict[str, Any]) -> bool:
    """It has been started since, even if it has ended again: a service that cannot come up is the stack's affair."""
    return bool(now["State"]["StartedAt"] != was["State"]["StartedAt"])
