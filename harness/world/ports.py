"""Which port of an edge is worth a look, and whether what we speak there is understood. Data that looks and news add
to."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.world.speaks import PORTS

UNHEARD = 6
"""So many looks in a row that connected and were never answered, on a port that never answered: not the right
protocol."""
AGAIN = 10
"""After that every tenth look still tries it, for a server may only have been slow to start."""


@dataclass
class _Talk:
    """How the looks at one port went. `ever`: it was answered once, so silence is the fault's and not the guess's."""

    ever: bool = False
    unheard: int = 0
    asked: int = 0


class Ports:
    """The ports of one edge. Safe to share between threads."""

    def __init__(self, known: Sequence[int] = ()) -> None:
        self._known = tuple(known)
        self._listening: tuple[int, ...] = ()
        self._used: dict[int, int] = {}
        self._last = 0
        self._home = 0
        self._talks: dict[int, _Talk] = {}
        self._lock = threading.Lock()

    def listening(self, ports: Sequence[int]) -> None:
        with self._lock:
            self._listening = tuple(ports)

    def used(self, counts: Mapping[int, int]) -> None:
        """Ports on which the caller has connections over the edge, as surveyed; what was once seen stays."""
        with self._lock:
            for port, count in counts.items():
                self._used[port] = max(count, self._used.get(port, 0))

    def best(self) -> int:
        """The port to look at: one that the caller uses, else one from the files, else one that is listened on; 0 for
        none.

        It stays the same while nothing of it is listening, so that a refusal can be witnessed; and where a look was answered it
        stays for good, whatever is used more later: looks are compared with looks at the same port. While that port alone
        is not listened on, others are looked at.
        """
        with self._lock:
            used = sorted(self._used, key=lambda port: -self._used[port])
            usual = sorted(self._listening, key=lambda port: (not PORTS.get(port), port))
            ranked = [*used, *self._known, *usual]
            up = [port for port in ranked if port in self._listening]
            keep = [self._last] if self._last and not self._listening else []
            if self._settled() and (self._home in self._listening or not self._listening):
                keep = [self._home]
            self._last = next(iter([*keep, *up, *ranked]), self._last)
            return self._last

    def _settled(self) -> bool:
        """Whether a look was answered at a port that the caller uses, or at any while no use is known."""
        return bool(self._home) and (self._home in self._used or not self._used)

    def spoken(self, port: int, guessed: str) -> str:
        """What to speak now: the guess, or '' (a bare look) when it was never understood there."""
        with self._lock:
            talk = self._talks.setdefault(port, _Talk())
            talk.asked += 1
            if talk.ever or talk.unheard < UNHEARD or talk.asked % AGAIN == 0:
                return guessed
            return ""

    def heard(self, port: int, *, answered: bool, connected: bool, spoke: bool = True) -> None:
        """How a look ended; `spoke`: it spoke the guess, so that an answer tells whether that is understood."""
        with self._lock:
            if answered and not self._settled():
                self._home = port
            if spoke:
                talk = self._talks.setdefault(port, _Talk())
                talk.ever = talk.ever or answered
                talk.unheard = 0 if answered else talk.unheard + connected
