"""Whether the harness of a run lives and renews its lease, as told by a lock, a process and a small file. Reads and writes nothing else.

What is trusted: a lock on `alive` that is held says that it lives, wherever it runs. That it is *not* held says that it is dead only
where the lock was once seen held from here (Docker may run on another kernel, which knows nothing of it), or where the
process that the lease names can be looked for in the same pid namespace, and is gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.inside.leftovers import stat_of

MARGIN_S = 1.0
"""So much later than the harness itself does the watchdog call a lease lapsed: then both are of one mind."""
BOOT = Path("/proc/sys/kernel/random/boot_id")
SELF = Path("/proc/self/ns/pid")
LEASE, NOTES = "lease.json", "watchdog.json"


@dataclass
class Pulse:
    """`look` says 'lives', 'silent' (longer than its lease), 'gone', or 'over' when it has ended its run itself.

    folder   holds the lease, and our notes, which outlive a restart of ours
    alive    the file whose lock the harness holds
    """

    folder: Path
    alive: Path
    lease_s: float
    lease: dict[str, Any] = field(default_factory=dict)
    _count: Any = None
    _changed_s: float = field(default_factory=time.monotonic)
    _saw_lock: bool | None = None

    def look(self, now_s: float) -> str:
        self._read()
        if self.lease.get("count") != self._count:
            self._count, self._changed_s = self.lease.get("count"), now_s
        held = self._held()
        if held:
            self._remember()
        elif (held is False and self._saw_it()) or self._process_gone():
            self._read()  # once more: it may have ended its run since, and has then said so before it let go
            return "over" if self.lease.get("over") else "gone"
        elif self.lease.get("over"):
            return "over"
        return "silent" if self.silent_s(now_s) > self.lease_s + MARGIN_S and not self.lease.get("over") else "lives"

    def silent_s(self, now_s: float) -> float:
        """Since a renewal was last seen here."""
        return now_s - self._changed_s

    def now_s(self) -> float:
        """Seconds since the run was opened: by the clock that the harness uses, after a reboot by the wall's."""
        if self.lease.get("boot") == _boot():
            return (time.monotonic_ns() - int(self.lease["opened_ns"])) / 1e9
        return time.time() - float(self.lease.get("opened_unix_s", time.time()))

    def _read(self) -> None:
        """What was read last stays where it cannot be read now: a renewal may just be going on."""
        with contextlib.suppress(OSError, ValueError):
            found = json.loads((self.folder / LEASE).read_bytes())
            if isinstance(found, dict):
                self.lease = found

    def _held(self) -> bool | None:
        """None where it cannot be told."""
        try:
            with self.alive.open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return None
        return False

    def _saw_it(self) -> bool:
        if self._saw_lock is None:
            try:
                self._saw_lock = bool(json.loads((self.folder / NOTES).read_bytes())["saw_lock"])
            except (OSError, ValueError, KeyError, TypeError):
                self._saw_lock = False
        return self._saw_lock

    def _remember(self) -> None:
        if not self._saw_lock:
            self._saw_lock = True
            with contextlib.suppress(OSError), (self.folder / NOTES).open("w") as file:
                file.write(json.dumps({"saw_lock": True}))
                file.flush()
                os.fsync(file.fileno())  # by it alone is a harness known as dead after a power cut

    def _process_gone(self) -> bool:
        """False too where nothing can be told."""
        return here(self.lease) and gone(self.lease)


def identity() -> dict[str, Any]:
    """What a harness writes of itself, so that it can be looked for: one process of one boot. `host` is told to people: in a
    container it is, as a rule, that one's id."""
    return {
        "pid": os.getpid(),
        "born": int(stat_of(os.getpid())[19]),
        "boot": _boot(),
        "pid_namespace": _namespace(),
        "host": os.uname().nodename,
    }


def here(process: Mapping[str, Any]) -> bool:
    """Whether its number means the same process here as there: one kernel, one pid namespace."""
    return process.get("pid_namespace") == _namespace() and process.get("boot") == _boot()


def gone(process: Mapping[str, Any]) -> bool:
    """Whether a process that is `here` has ended, though another one may have its number."""
    fields = stat_of(int(process.get("pid", 0)))
    return not fields or fields[0] in "ZX" or int(fields[19]) != process.get("born")


def _boot() -> str:
    return BOOT.read_text().strip()


def _namespace() -> str:
    return os.readlink(SELF)
