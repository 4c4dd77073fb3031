"""A worker on another machine than the harness's: its locustfiles and clock come from the master, what it writes goes there."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import socket
import time
from pathlib import Path
from typing import Any

import gevent

from harness.load.clocks import ROUND_TRIPS, Offset, Trip, offset
from harness.load.config import LoadConfig
from harness.load.home import EACH_S, Outgoing
from harness.load.link import Link
from harness.load.locustfile import Refused
from harness.load.reach import unreachable

ANSWER_S = 5.0
LOST_TRIPS = 2  # so many may stay without an answer; more are not waited for


class Away:
    def __init__(self, link: Link, folder: Path, welcome: dict[str, Any]) -> None:
        """`folder` is empty, and this worker's alone."""
        self._link = link
        self._folder = folder
        self._welcome = welcome
        self._numbers = itertools.count()
        self._first = Offset(0, 0)
        self._outgoing: Outgoing | None = None
        self._bringing: Any = None

    @property
    def ledger(self) -> Path:
        return self._folder / "ledger"

    def config(self) -> LoadConfig:
        """The settings as they hold here: the locustfiles' copies, and the run's beginning on this machine's clock. Raises Refused."""
        config, _ = LoadConfig.from_json(self._welcome["config"])
        locustfiles = tuple(self._kept(**sent) for sent in self._welcome["locustfiles"])
        if config.access is None or not config.access.proxy:
            why = unreachable(config.host, self._welcome["network"])
            if why:
                raise Refused(
                    f"the worker on {socket.gethostname()} cannot reach {config.host}: {why}; the load's service has to have an "
                    "address that other machines reach, as a target's does",
                    "load.workers",
                )
        self._first = self._tell_clock("before")
        self._outgoing = Outgoing(self._folder, config.worker)
        opened = config.opened_monotonic_ns - self._first.offset
        return dataclasses.replace(
            config, locustfiles=locustfiles, opened_monotonic_ns=opened, listen="", token_file=""
        )

    def _kept(self, name: str, text: bytes, sha256: str) -> Path:
        """The copy of a locustfile, which stands to the others as it does on the master's machine. Raises Refused."""
        if hashlib.sha256(text).hexdigest() != sha256:
            raise Refused("the locustfile did not arrive as it was sent", "load.workers")
        inside = self._folder / "locustfiles"
        copy = inside / name
        if not copy.resolve().is_relative_to(inside.resolve()):
            raise Refused(f"the locustfile's name leads elsewhere: {name}", "load.workers")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(text)
        return copy

    def _tell_clock(self, when: str) -> Offset:
        """How far the clocks are apart. Raises Refused when the master does not answer."""
        trips = []
        for trip, number in enumerate(itertools.islice(self._numbers, ROUND_TRIPS)):
            asked = time.monotonic_ns()
            self._link.tell("ping", n=number)
            answer = self._link.answer(ANSWER_S, n=number)
            if answer is None and trip >= LOST_TRIPS:
                break
            if answer is not None:
                heard, wall = time.monotonic_ns(), time.time_ns()
                trips.append(Trip(asked, answer["at_ns"], heard, answer["wall_ns"], wall))
        if not trips:
            raise Refused("the master does not answer", "load.workers")
        found = offset(trips)
        drift = found.offset - self._first.offset if when == "after" else 0
        told = {"uncertainty_ms": found.uncertainty / 1e6, "drift_ms": drift / 1e6, "wall_offset_ms": -found.wall / 1e6}
        self._link.tell("clock", when=when, round_trips=len(trips), **told)
        return found

    def begin(self) -> None:
        """From now on what is written goes to the master, each half second."""
        self._bringing = gevent.spawn(self._bring_for_ever)

    def _bring_for_ever(self) -> None:
        while True:
            gevent.sleep(EACH_S)
            self._bring()

    def _bring(self) -> None:
        assert self._outgoing is not None
        try:
            for change in self._outgoing.changes():
                self._link.tell("file", **change)
        except Exception as error:  # a network that takes nothing for some seconds; the load goes on
            print(f"what was written could not be sent yet: {error}")
            self._outgoing.again()

    def end(self) -> bool:
        """Nobody writes any more: the rest goes home, and with it by which the master knows that it has all. Whether it said so."""
        assert self._outgoing is not None
        self._bringing.kill()
        try:
            self._tell_clock("after")
        except Refused:
            return False
        for _ in range(2):
            self._bring()
            number = next(self._numbers)
            self._link.tell("whole", n=number, files=self._outgoing.whole())
            answer = self._link.answer(ANSWER_S, n=number)
            if answer is not None and not answer["missing"]:
                return True
            self._outgoing.again()
        return False
