"""While a run goes: how much of each file beside the journal is on the disk, synced and noted, so that a power cut can be told from silence."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.facts import Fact, OnDisk
from harness.journal import CHAINED
from harness.kept import ROWS
from harness.ledger import begun
from harness.ondisk import settle

FOLDERS = ("ledger", "logs", "orders", "series", "spans", "state")
EVERY_S = 1.0
SHARE = (
    0.1  # of the time, at the most, that is spent on syncing: what runs beside it on a slow disk must not wait for us
)
LONGEST_S = 10.0  # but a run that is killed is judged until its last note, so there is one at least so often
JOURNAL = f"facts/{CHAINED}.jsonl"
"""Synced here, not by its writer: that holds whoever has something to tell until it is done."""
LAG_S = 0.5  # what happened may be written so much later


class Keeping:
    """A thread of its own: a disk that is slow keeps nobody waiting. Nothing is noted of what cannot be synced."""

    def __init__(
        self, folder: Path, record: Callable[[Fact], object], now: Callable[[], float], every_s: float = EVERY_S
    ) -> None:
        self._folder, self._record, self._now, self._every_s = folder, record, now, every_s
        self._noted: dict[str, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="kept", daemon=True)

    def __enter__(self) -> Keeping:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=10.0)
        if not self._thread.is_alive():
            self.note()

    def note(self) -> None:
        """Sync what has changed, then write down how much of it there was."""
        at_s = self._now()
        sizes = dict.fromkeys(self._noted, 0) | dict(self._sizes())
        changed = {name: size for name, size in sizes.items() if self._noted.get(name) != size}
        rows = {name for name in sizes if name.endswith(ROWS)}  # what is done with a row changes no size
        try:
            for name in sorted(changed.keys() | rows):
                self._sync(name)
        except OSError:
            return
        self._noted |= changed
        self._record(OnDisk(files=changed, happened_s=round(max(0.0, at_s - LAG_S), 6)))
        with contextlib.suppress(OSError):
            self._sync(JOURNAL)

    def _keep(self) -> None:
        wait_s = self._every_s
        while not self._over.wait(wait_s):
            begun_s = time.monotonic()
            self.note()
            wait_s = max(self._every_s, min(LONGEST_S, (time.monotonic() - begun_s) / SHARE))

    def _sync(self, name: str) -> None:
        path = f"{self._folder}/{name}"  # text, for it comes each second: see probes/accounts
        if not os.path.exists(path):
            return
        if name not in self._noted and name != JOURNAL:
            settle(Path(path))
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    def _sizes(self) -> Iterator[tuple[str, int]]:
        for word in FOLDERS:
            for path in sorted((self._folder / word).glob("*")):
                try:
                    if path.name.startswith(".") or not path.is_file():
                        continue
                    name = path.relative_to(self._folder).as_posix()
                    size = path.stat().st_size
                    yield name, begun(path, self._noted.get(name, 0)) if path.suffix == ROWS else size
                except OSError:  # gone meanwhile
                    continue
