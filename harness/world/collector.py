"""The collector, as the harness hears it: every body of traces as it was sent to it, or passed by it, in the stack, kept in the
run's folder."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from harness.errors import NotApplied
from harness.world.attached import Place, attach, remove
from harness.world.helper import Helper

READY_S = 30.0
SILENT_S = 3.0
"""It says something each second; after so long without a word nobody knows whether it takes traces."""

NO_RELAYS: Mapping[tuple[str, int], int] = {}

Attach = Callable[[Place, Sequence[str], Callable[[dict[str, Any]], None], Callable[[str], None]], Helper]


class Keeper(Protocol):
    """What it needs of spans.SpansWriter."""

    full: bool
    broken: str

    def add(self, at_s: float, sent: Mapping[str, Any]) -> None: ...
    def close(self) -> None: ...


class Collector:
    """The helper container that takes traces. `place` is on the networks of the services that send them and bears the host
    names of their endpoints; `ports` are theirs.

    relays  by host and port of a collector of the stack's own, the port of ours that passes on to it
    steer   told True once they are there to be gone through, and False when they are no more: what went through them must go
            straight again
    """

    def __init__(
        self,
        place: Place,
        ports: Sequence[int],
        opened_ns: int,
        keeper: Keeper,
        attached: Attach = attach,
        *,
        relays: Mapping[tuple[str, int], int] = NO_RELAYS,
        steer: Callable[[bool], None] = lambda on: None,
    ) -> None:
        self._place, self._opened_ns, self._keeper = place, opened_ns, keeper
        self._ports = (*map(str, ports), *(f"{own}={host}:{port}" for (host, port), own in relays.items()))
        self._attach, self._steer = attached, steer
        self._helper: Helper | None = None
        self._beat_s = float("-inf")
        self._first = threading.Event()
        self._keeping = threading.Lock()
        self.lost = ""
        self.cut = 0
        self.strange = 0

    def start(self) -> None:
        """Start it on its networks and wait for its first word. Raises NotApplied with Docker's own words otherwise."""
        self._helper = self._attach(self._place, ("traces", *self._ports), self._hear, self._ended)
        if not self._first.wait(READY_S) or self.lost:
            why = self.lost or f"it said nothing within {READY_S:g} s"
            self.close()
            raise NotApplied(f"the collector of traces did not start: {why}")
        self._steer(True)
        if self.lost:  # meanwhile
            self._steer(False)

    def blind(self) -> str:
        """Why traces that are sent now would not be seen, or ''."""
        silent_s = time.monotonic() - self._beat_s
        if self.lost:
            return f"the collector of traces ended: {self.lost}"
        if silent_s > SILENT_S:
            return f"the collector of traces was silent for {silent_s:.0f} s"
        if self._keeper.full:
            return "the traces have grown to their limit; what came after is not kept"
        if self.cut:
            return f"{self.cut} bodies of traces were longer than the collector takes, and were cut"
        return self._keeper.broken

    def close(self) -> None:
        """End it, and with it its container; idempotent."""
        helper, self._helper = self._helper, None
        if helper is not None:
            self._steer(False)
            helper.close()
            remove(self._place.name)
        with self._keeping:
            self._keeper.close()

    def _hear(self, said: dict[str, Any]) -> None:
        if "beat" in said:
            self._beat_s = time.monotonic()
            self._first.set()
        elif isinstance(sent := said.get("traces"), dict):
            self.cut += bool(sent.get("cut"))
            # what is not written as the collector writes it must not end the thread that hears the rest
            with self._keeping, contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
                self._keeper.add((int(sent["at_ns"]) - self._opened_ns) / 1e9, sent)
        elif "strange" in said:
            self.strange += 1

    def _ended(self, words: str) -> None:
        self.lost = words
        self._first.set()
        self._steer(False)
