"""The workers of a distributed load as its master knows them: which there are, which live, and what the dead ones left."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.load.worker import REFUSED
from harness.own_process import own_process

SILENT_S = 2.0  # a worker on another machine that said nothing for so long is lost: it says something each half second

LAST_WORDS_S = 0.3  # what a process said before its end is heard by then
ENDED_S = 3.0  # one that ended well, or was refused, has said so, and a busy machine may hear it late
ANYWHERE = ("", "*", "0.0.0.0", "[::]")


@dataclass
class Worker:
    """
    process  of a worker on this machine; None of one on another
    link     where its words come from, '' until it has joined
    home     whether all that it wrote is in the run's folder; those on this machine write there
    heard_s  when it was last heard, CLOCK_MONOTONIC; dead_s: when its process was found to have ended
    """

    number: int
    process: subprocess.Popen[bytes] | None = None
    link: str = ""
    machine: str = ""
    heard_s: float = field(default_factory=time.monotonic)
    users: int = 0
    loaded: bool = False
    ready: bool = False
    ended: dict[str, Any] | None = None
    home: bool = True
    lost: bool = False
    dead_s: float | None = None

    @property
    def name(self) -> str:
        return f"worker {self.number}" + (f" on {self.machine}" if self.process is None and self.machine else "")

    @property
    def alive(self) -> bool:
        return not self.lost and self.ended is None

    @property
    def over(self) -> bool:
        """Whether nothing more is to come of it."""
        return self.lost or (self.ended is not None and self.home)

    def death(self, within_s: float = SILENT_S) -> str:
        """How it died, '' while it lives: its process is seen to end, a machine is only seen to fall silent."""
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return ""
            self.dead_s = self.dead_s or time.monotonic()
            if time.monotonic() - self.dead_s < (ENDED_S if code in (0, REFUSED) else LAST_WORDS_S):
                return ""
            return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        silent_s = time.monotonic() - self.heard_s
        return f"not heard of for {silent_s:.1f} s" if self.link and silent_s > within_s else ""

    def kill(self) -> None:
        """Its process, where it is one of this machine's."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @property
    def last_s(self) -> float:
        """Until when it is known to have lived, CLOCK_MONOTONIC."""
        return self.heard_s if self.process is None else self.dead_s or time.monotonic()


class Workers:
    """All of them; those on this machine are started by `start`."""

    def __init__(self, here: int, elsewhere: int) -> None:
        self.all = [Worker(number, home=number < here) for number in range(here + elsewhere)]
        self._here = here
        self._by_link: dict[str, Worker] = {}
        self._looked_s = 0.0

    def __iter__(self) -> Iterator[Worker]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def start(self, host: str, port: int, token: str) -> None:
        """Those of this machine, to join where the master listens. Raises OSError when a process cannot be started."""
        host = "127.0.0.1" if host in ANYWHERE else host
        for worker in self.all[: self._here]:
            worker.process = subprocess.Popen(
                own_process("harness.load.worker"), stdin=subprocess.PIPE, stdout=sys.stderr
            )
            told = {"host": host, "port": port, "token": token, "number": worker.number}
            assert worker.process.stdin is not None
            worker.process.stdin.write(json.dumps(told).encode() + b"\n")
            worker.process.stdin.close()

    def at(self, link: str) -> Worker | None:
        return self._by_link.get(link)

    def join(self, link: str, word: dict[str, Any]) -> Worker | None:
        """The worker that this peer is from now on; None where all have joined already."""
        if link in self._by_link:
            return self._by_link[link]
        number = word["number"]
        free = [one for one in self.all[self._here :] if not one.link]
        if 0 <= number < self._here:
            free = [one for one in self.all[: self._here] if one.number == number and not one.link]
        if not free:
            return None
        worker = self._by_link[link] = free[0]
        worker.link, worker.machine, worker.heard_s = link, word["machine"], time.monotonic()
        return worker

    @property
    def joined(self) -> int:
        return sum(bool(worker.link) for worker in self.all)

    def dead(self) -> Iterator[tuple[Worker, str]]:
        """Those that died since the last look, each with how. To be asked again and again, while they work."""
        now_s = time.monotonic()
        if now_s - self._looked_s > SILENT_S / 2:  # we stood still ourselves: what they said waits to be heard
            for worker in self.all:
                worker.heard_s = now_s
        self._looked_s = now_s
        for worker in self.all:
            if worker.alive and (death := worker.death()):
                yield worker, death

    def alive(self) -> list[int]:
        return [worker.number for worker in self.all if worker.alive]

    def kill(self) -> None:
        for worker in self.all:
            worker.kill()
