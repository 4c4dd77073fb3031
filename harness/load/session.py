"""One load from beginning to end inside its process: the locustfiles loaded, users started, arrivals, and a clean
stop."""

from __future__ import annotations

import collections
import gc
import math
import random
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import gevent
import gevent.pool
import locust
from locust.log import setup_logging
from locust.runners import STATE_CLEANUP, STATE_STOPPED, STATE_STOPPING

from harness.ledger.writing import LedgerBroken, Writer
from harness.load import access, locustfile, patches
from harness.load.arrivals import instants
from harness.load.asked import Asked
from harness.load.channel import Words
from harness.load.config import SPAWN_PER_S, LoadConfig
from harness.load.endless import Endless
from harness.load.environment import initialised, load_environment, quitting, spawn_rate
from harness.load.fingerprints import ids_begin
from harness.load.gate import Gate
from harness.load.hosts import Hosts
from harness.load.housekeeping import Housekeeping
from harness.load.locustfile import Refused
from harness.load.places import Places
from harness.load.recorder import Recorder
from harness.load.samples import Samples
from harness.load.seat import Seats
from harness.load.sessions import own_session
from harness.load.shares import shares

LOOK_S = 0.1
STOPPED = (STATE_CLEANUP, STATE_STOPPING, STATE_STOPPED)
SILENT = (
    "tasks end without a request that Locust knows of, so nothing is measured; a client that is not Locust's own has to "
    "fire the request event for each (locust.events.request.fire)"
)


class Session:
    def __init__(self, config: LoadConfig, ledger: Path, channel: Words) -> None:
        self._config = config
        self._ledger = ledger
        self._channel = channel
        self._places = Places(config.locustfiles)
        self._endless = Endless(config.timeout_s, self._places, channel.say)
        self._stopping = False
        self._drain_s = config.drain_s
        self._clean = True
        self._detail = ""
        self._wanted: dict[str, int] = {}
        self._deaths = 0
        self._coming: collections.Counter[str] = collections.Counter()  # users of each class that are being made
        self._making = gevent.pool.Group()
        self._last_error = ("", "")
        self._without_task = 0  # how often a user found none to do, before any was due
        self._asked: Asked | None = None

    def run(self) -> int:
        """The whole of it; returns the process's exit code."""
        try:
            self._writer = Writer(self._ledger, self._config.run, self._config.worker, self._config.opened_monotonic_ns)
            if self._config.orders:
                self._asked = Asked(self._ledger.parent / "orders", self._config.worker, self._config.orders)
        except LedgerBroken as error:
            self._channel.tell("said", kind="broken", text=str(error), count=1)
            self._channel.tell("ended", clean=False, ended_us=0, detail=str(error))
            return 1
        try:
            self._prepare()
            self._start_users()
        except Refused as refused:
            return self._refuse(refused)
        except SystemExit as error:
            reason = f"it ends the process while it starts (exit {error.code})"
            return self._refuse(Refused(reason, self._places.of_error(error)))
        try:
            self._serve()
        except SystemExit as error:  # gevent hands it on from whichever greenlet it was raised in
            place = self._places.of_error(error)
            self._clean, self._detail = False, f"{place}: the locustfile ends the process (exit {error.code})"
            self._stopping, self._drain_s = True, 0.0
            hub: Any = gevent.get_hub()
            hub.handle_system_error = lambda *_: None  # other tasks that are under way do so too: once is enough
        self._end()
        return 0

    def _refuse(self, refused: Refused) -> int:
        self._channel.tell("refused", reason=refused.reason, where=refused.where)
        self._writer.close()
        return 2

    # --- before -------------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        config = self._config
        events: Any = locust.events
        setup: Any = setup_logging
        setup("INFO")
        if config.seed is not None:  # a key or a name that each run drew again would be there already, where data stay
            random.seed(f"{config.seed}/{config.worker}/{config.run}")
        seats = Seats()
        samples = Samples(self._ledger.parent / "answers", config.run, config.worker)
        self._recorder = Recorder(
            self._writer,
            seats,
            config.opened_monotonic_ns,
            config.version_header,
            self._channel.say,
            samples,
            ids_begin(config.run, config.worker),
        )
        closed = config.model == "closed"
        self._gate = Gate(self._writer, self._recorder, seats, closed=closed, seed=config.seed, part=config.part)
        self._gate.on_broken = self._recorder.on_broken = self._broken
        self._recorder.place = lambda: self._places.of_frame(sys._getframe())
        patches.install(config, self._gate, self._recorder, Hosts(config.host, self._channel.say), self._asked)
        if config.access is not None:
            access.install(config.access, config.host)
        events.request.add_listener(self._recorder.on_request)
        self._environment = load_environment(config, self._channel)
        self._runner: Any = self._make_runner()
        events.user_error.add_listener(self._user_error)
        events.test_stop.add_listener(self._test_stopped)
        initialised(self._environment, config)
        paced = locustfile.paced(self._environment.user_classes) if config.part.worker == 0 else []  # said once
        if config.model == "open" and paced:
            self._channel.say("warning", f"wait_time of {', '.join(paced)} is ignored: arrivals begin tasks")
        if config.part.worker == 0:
            shapes = locustfile.unused((self._environment.available_shape_classes or {}).values(), config.model)
            for what in [*shapes, *locustfile.hosts(self._environment.user_classes, config.host)]:
                self._channel.say("warning", what)
        self._channel.flush()

    def _make_runner(self) -> Any:
        return self._environment.create_local_runner()

    # --- users --------------------------------------------------------------------------------------------------------

    def _start_users(self) -> None:
        count = self._config.started_users
        classes = list(self._environment.user_classes)
        found = shares(classes, count)
        self._gate.admit([(cls, share, self._in_turn(cls, share)) for cls, share in found.items()])
        self._begin_users()
        gevent.spawn(self._listen)
        told = 0.0
        while not self._stopping:
            if self._users_begun():
                self._replace_dead(before=True)
                if self._gate.parked >= sum(self._wanted.values()):
                    break
                if self._without_task > 3 * sum(self._wanted.values()):
                    what, where = self._last_error
                    raise Refused(f"its users find no task to begin with: {what}", where)
            if time.monotonic() - told > 1:
                told = time.monotonic()
                where = self._where_one_stands()
                self._channel.tell("starting", users=count, parked=self._gate.parked, where=where)
                self._channel.flush()
            gevent.sleep(LOOK_S / 4)
        self._channel.flush()
        if not self._stopping:
            gc.collect()
            gc.freeze()  # what was imported is looked at no more: no long pauses while arrivals are due
            self._channel.tell("ready", users=self._gate.parked, detail="")

    def _in_turn(self, cls: Any, share: float) -> int:
        """How many users of the class take turns at least: as stated, else all where each has a session of its own."""
        stated = self._config.users_at_least
        if stated is None:
            return self._config.started_users if own_session(cls) else 1
        return max(1, math.ceil(stated / self._config.part.of * share))

    def _begin_users(self) -> None:
        self._runner.start(self._config.started_users, spawn_rate(self._config, self._environment.user_classes))

    def _users_begun(self) -> bool:
        """Whether all users were started. Raises Refused when one cannot be made."""
        spawning = self._runner.spawning_greenlet
        if spawning is None or not spawning.ready():
            return False
        if not spawning.successful():
            error = spawning.exception
            reason = f"a user cannot be made: {locustfile.describe(error)}"
            raise Refused(reason, self._places.of_error(error))
        return True

    def _replace_dead(self, before: bool = False) -> None:
        """Users that ended are started again, at the spawn rate. Every class has at least one."""
        counts = self._runner.user_classes_count
        if not self._wanted:
            planned = self._planned()
            names = [cls.__name__ for cls in self._environment.user_classes]
            self._wanted = {name: max(1, planned.get(name, 0)) for name in names}
            missing = {name: n - planned.get(name, 0) for name, n in self._wanted.items() if n > planned.get(name, 0)}
            if missing:
                self._runner.spawn_users(missing)
            return
        there = {name: counts.get(name, 0) + self._coming[name] for name in self._wanted}
        dead = {name: n - there[name] for name, n in self._wanted.items() if n > there[name]}
        if not dead:
            return
        self._deaths += sum(dead.values())
        if before and (self._gate.parked == 0 or self._deaths > 3 * sum(self._wanted.values())):
            what, where = self._last_error
            raise Refused(f"its users end before their first task: {what or 'no error was raised'}", where)
        budget = max(1, round((self._config.spawn_rate or SPAWN_PER_S) * LOOK_S))
        for name, number in dead.items():
            again = min(number, budget)
            if again > 0:
                budget -= again
                self._coming[name] += again
                for _ in range(again):
                    self._making.spawn(self._make, name)

    def _make(self, name: str) -> None:
        """A user in the place of a dead one: it may ask the service while it is made, and wait for it as long as it likes."""
        gevent.getcurrent().__dict__["_drill_makes_users"] = True  # what is asked meanwhile is preparation
        try:
            self._runner.spawn_users({name: 1})
            self._channel.say("replaced", f"a {name} ended and was replaced")
        except Exception as error:
            what, where = self._last_error = (locustfile.describe(error), self._places.of_error(error))
            self._channel.say("warning", f"{where}: a {name} cannot be made: {what}"[:500])
        finally:
            self._coming[name] -= 1

    def _planned(self) -> dict[str, int]:
        """How many users of each class Locust was told to start here."""
        planned: dict[str, int] = self._runner._users_dispatcher._users_on_workers["local"]
        return planned

    def _where_one_stands(self) -> str:
        for greenlet in list(self._runner.user_greenlets):
            if place := self._places.of_frame(greenlet.gr_frame):
                return place
        return ""

    # --- while it runs ------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        for command in self._channel.commands():
            if command.get("do") == "begin":
                at_us = max(int(command["at_us"]), 0)
                due = instants(self._config.arrivals, poisson=self._config.poisson, seed=self._config.seed)
                self._gate.begin(at_us, self._config.part.of_all(due))
                self._channel.tell("began", at_us=at_us)
            elif command.get("do") == "stop":
                self._drain_s = float(command.get("drain_s", self._config.drain_s))
                if (until_us := command.get("until_us")) is not None:
                    self._gate.until(until_us)
                    gevent.sleep(max(0.0, (until_us - self._recorder.now_us()) / 1e6))
                self._stopping = True
                return
        self._drain_s = 0.0
        self._detail = self._detail or "the harness is gone"
        self._stopping = True

    def _serve(self) -> None:
        """Sample once a second and replace the dead, until told to stop."""
        housekeeping = Housekeeping(self._runner)
        wall, cpu = time.monotonic(), time.process_time()
        next_sample = wall + 1
        while not self._stopping:
            gevent.sleep(LOOK_S)
            if self._runner.state in STOPPED:  # runner.quit() in a task kills the task itself before it fires test_stop
                self._test_stopped()
            if self._runner.user_count < sum(self._wanted.values()) and not self._stopping:
                self._replace_dead()
            now = time.monotonic()
            if now >= next_sample:
                next_sample += max(1, round(now - next_sample))
                used = time.process_time()
                self._sample((used - cpu) / (now - wall))
                wall, cpu = now, used
                housekeeping.tidy()

    def _sample(self, cpu_ratio: float) -> None:
        second, self._gate.second = self._gate.second, type(self._gate.second)()
        self._channel.tell(
            "sample",
            cpu_ratio=round(cpu_ratio, 4),
            late_ms=second.late_us / 1000,
            due=second.due,
            dropped=second.dropped,
            last_due_us=self._gate.last_due_us,
        )
        if second.dropped:
            self._endless.look(self._runner.user_greenlets, self._recorder.now_us())
        if second.silent and not self._recorder.heard:
            self._channel.say("warning", SILENT)
        self._channel.flush()

    def _user_error(self, user_instance: Any, exception: BaseException, tb: Any) -> None:
        where = self._places.of_error(exception)
        what = f"{type(user_instance).__name__}: {locustfile.describe(exception)}"
        self._last_error = (what, where)
        if not self._gate.begun and any(frame.name == "get_next_task" for frame in traceback.extract_tb(tb)):
            self._without_task += 1
        self._channel.say("warning", f"{where}: {what}"[:500])

    def _test_stopped(self, **_: Any) -> None:
        if not self._stopping:
            self._clean, self._detail = False, "the locustfile stopped the test"
            self._stopping = True

    def _broken(self, error: Exception) -> None:
        if self._clean:
            self._clean, self._detail = False, str(error)
            self._drain_s = 0.0
            self._channel.tell("said", kind="broken", text=str(error), count=1)
        self._stopping = True

    # --- after --------------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        self._gate.stop()
        until = time.monotonic() + self._drain_s
        while time.monotonic() < until and self._runner.user_count > self._gate.parked:
            gevent.sleep(0.02)
        ended_us = self._gate.last_due_us
        if self._config.model == "closed":
            ended_us = self._recorder.now_us()
        with gevent.Timeout(self._config.timeout_s + 2, False):
            self._making.kill(block=False)
            self._runner.quit()  # users' on_stop runs here
            quitting(self._environment, self._clean, self._channel)
        self._recorder.stalls.end()
        self._recorder.bodies.end()
        self._channel.flush()
        self._writer.close()
        sys.stdout.flush()
        self._channel.tell("ended", clean=self._clean, ended_us=ended_us, detail=self._detail)
