"""What is asked of a deployment that goes on in another thread: to end at once, or to leave off after the step that is under way."""

from __future__ import annotations

import threading


class Asked:
    """Without a lock, for the deployment holds that of the releases."""

    def __init__(self) -> None:
        self._either = threading.Event()
        self.ends = False
        self.leaves_off = False

    def end(self) -> None:
        """The run is being ended: what is half done is put back next."""
        self.ends = True
        self._either.set()

    def leave_off(self) -> None:
        """A rollback is about to begin: what is done stays."""
        self.leaves_off = True
        self._either.set()

    def clear(self) -> None:
        self._either.clear()
        self.ends = self.leaves_off = False

    def any(self) -> bool:
        return self._either.is_set()

    def wait(self, for_s: float) -> None:
        """So long, or until something is asked."""
        self._either.wait(for_s)
