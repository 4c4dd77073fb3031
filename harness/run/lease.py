"""The lease by which a run holds its faults: renewed while the harness lives and goes on, watched by the run's watchdog.

A lease that is not renewed for its length has lapsed: the watchdog takes the faults out (`inside/watchdog.py`), and the harness, when it
comes to again, injects nothing more and ends the run. Both must be of one mind, so the harness counts from before its last
renewal was written, and the watchdog gives it a second more than the length.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from harness.errors import CannotRun
from harness.facts import LeaseLapsed, Opened
from harness.inside.pulse import LEASE, identity
from harness.ondisk import settle
from harness.run.stop import Stopped

EVERY_S = 0.5
SIZE = 512
"""Bytes of the file, filled with blanks: it is written anew in place, in one write, which a full disk does not refuse."""
ASIDE_S = 300.0
"""What the engine does between two stretches of its story (a mend that climbs its ladder, a release put back) takes no longer."""


class Held(Protocol):
    """What the engine and the injector need of a lease."""

    def beat(self) -> None: ...
    def aside(self) -> None: ...
    def rest(self) -> None: ...
    def lapsed(self) -> LeaseLapsed | None: ...


class Unwatched:
    """The lease of a run that nobody watches, as on a fake world: never lapses."""

    def beat(self) -> None:
        pass

    def aside(self) -> None:
        pass

    def rest(self) -> None:
        pass

    def lapsed(self) -> LeaseLapsed | None:
        return None


class Lease:
    """One run's lease. A thread renews it each half second, as long as the main thread does what it must.

    Until the first `beat`, and after `rest`, that is nothing: no fault is on then, and starting or taking down a stack takes
    long. In between it must have come round (`beat`) since the last renewal, or be busy with what has limits of its
    own (`aside`). So the lease lapses when the process is stopped or swapped out, and when the engine hangs.

    on_lapse   called once, from whichever thread notices
    """

    def __init__(
        self, folder: Path, length_s: float, opened: Opened, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.folder = folder
        self.length_s = length_s
        self.on_lapse: list[Callable[[], None]] = []
        self._opened = opened
        self._clock = clock
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._count = 0
        self._renewed_s = clock()
        self._beaten = False
        self._busy_until_s = float("inf")
        self._story = False
        self._lapsed: LeaseLapsed | None = None
        self._said: dict[str, object] = {}
        self._fd = -1
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def start(self) -> None:
        """Take it. Raises CannotRun when the disk refuses."""
        try:
            self.folder.mkdir(exist_ok=True)
            self._fd = os.open(self.folder / LEASE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._said = {
                **identity(),
                "lease_s": self.length_s,
                "opened_ns": self._opened.monotonic_ns,
                "opened_unix_s": self._opened.wall_unix_s,
            }
            self._write()
            settle(self.folder / LEASE)  # after a power cut it tells the watchdog that its harness is gone
        except OSError as error:
            raise CannotRun(f"{self.folder / LEASE} cannot be written: {error.strerror or error}") from error
        self._thread.start()

    def beat(self) -> None:
        """The engine has come round once more. Raises Stopped when the lease has lapsed: the run ends here."""
        lapsed = self._goes_on(beaten=True, busy_until_s=0.0, story=True)
        if lapsed is not None:
            raise Stopped("error", lapsed)

    def aside(self) -> None:
        """The engine leaves its story for something that has limits of its own."""
        self._goes_on(beaten=True, busy_until_s=self._clock() + ASIDE_S, story=True)

    def rest(self) -> None:
        """No fault is on, and none will be: from here on it is enough that the process runs."""
        self._goes_on(beaten=True, busy_until_s=float("inf"), story=False)

    def lapsed(self) -> LeaseLapsed | None:
        """How it lapsed while faults could be on; None while it is held."""
        with self._lock:
            self._look()
            return self._lapsed

    def end(self, how: str) -> str:
        """The run is over: its stack is 'down', or is 'kept'. The watchdog has nothing more to do. Returns why the disk refused that,
        '' when it stands there; a watchdog that is still there then goes by the journal (`inside/watchdog.py`)."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=EVERY_S)
        with self._lock:
            self._said["over"] = how
            refused = self._renew()
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = -1
        return refused

    def _goes_on(self, *, beaten: bool, busy_until_s: float, story: bool) -> LeaseLapsed | None:
        with self._lock:
            self._look()
            if story and not self._story:
                self._renew()  # what was before does not count
            self._beaten, self._busy_until_s, self._story = beaten, busy_until_s, story
            return self._lapsed

    def _keep(self) -> None:
        while not self._over.wait(EVERY_S):
            with self._lock:
                self._look()
                if self._beaten or self._clock() < self._busy_until_s:
                    self._renew()

    def _look(self) -> None:
        """Whether the last renewal is too long ago, whoever asks first after it."""
        silent_s = self._clock() - self._renewed_s
        if silent_s > self.length_s and self._story and self._lapsed is None:
            self._lapsed = LeaseLapsed(lease_s=self.length_s, silent_s=round(silent_s, 3))
            for tell in self.on_lapse:
                tell()

    def _renew(self) -> str:
        """Why not, '' when it is renewed; it lapses unless a later renewal goes through."""
        began_s = self._clock()
        try:
            self._write()
        except OSError as error:
            return error.strerror or str(error)
        self._look()  # the write itself may have taken longer than the lease
        self._renewed_s, self._beaten = began_s, False
        return ""

    def _write(self) -> None:
        self._count += 1
        said = {**self._said, "count": self._count, "monotonic_ns": time.monotonic_ns(), "wall_unix_s": time.time()}
        if self._fd >= 0:
            os.pwrite(self._fd, json.dumps(said).encode().ljust(SIZE - 1) + b"\n", 0)
