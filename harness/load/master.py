"""The load process where workers share the load: Locust's master in it, and to the harness it says what one load process would.

Locust's master gives the workers their users and carries all messages. When arrivals are due is decided by none of it: each worker
has its part of one schedule (`division`). A worker that dies is told, with what it left; its arrivals are sent by nobody from then on.
"""

from __future__ import annotations

import dataclasses
import secrets
import sys
import time
from pathlib import Path
from typing import Any

import gevent
from locust.exception import RPCError
from locust.log import setup_logging
from locust.rpc import Message

from harness import __version__
from harness.ledger.closing import abandon
from harness.load.channel import Words
from harness.load.config import LoadConfig
from harness.load.elsewhere import EVENTS, Elsewhere
from harness.load.environment import initialised, load_environment, quitting, spawn_rate
from harness.load.heard import Heard
from harness.load.housekeeping import Housekeeping
from harness.load.link import BEAT_S, WORD
from harness.load.locustfile import Refused
from harness.load.places import Places
from harness.load.runner import Runner, tell_refused
from harness.load.secured import Keys, install, read_token
from harness.load.workers import Worker, Workers

LOOK_S = 0.1
HOME_S = 20.0  # what is left of other machines' ledgers is brought home
STOP_LEAD_S = 0.2  # in which the order to stop is everywhere


class Master:
    def __init__(self, config: LoadConfig, ledger: Path, channel: Words) -> None:
        self._config = config
        self._ledger = ledger
        self._channel = channel
        self._workers = Workers(config.workers - config.joining, config.joining)
        self._samples = Heard()
        self._refused: Refused | None = None
        self._elsewhere = Elsewhere(config, ledger.parent, channel, self._tell)
        self._begun = self._told_began = False
        self._stopping = False
        self._drain_s = config.drain_s
        self._clean = True
        self._detail = ""

    def run(self) -> int:
        """The whole of it; returns the process's exit code."""
        try:
            self._prepare()
            if self._start():
                self._serve()
        except Refused as refused:
            self._workers.kill()
            self._channel.tell("refused", reason=refused.reason, where=refused.where)
            return 2
        self._end()
        return 0

    # --- before -------------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        setup: Any = setup_logging
        setup("INFO")
        token = secrets.token_hex(32)
        if self._config.token_file:
            try:
                token = read_token(Path(self._config.token_file))
            except (OSError, ValueError) as error:
                raise Refused(str(error), "load.workers.token_file") from error
        install(Keys.of(token))
        self._environment = load_environment(self._config, self._channel)
        host, _, port = self._config.listen.rpartition(":")
        try:
            self._runner = self._environment._create_runner(Runner, host or "127.0.0.1", int(port or 0), self._hear)
        except RPCError as error:
            raise Refused(f"workers cannot join: {error}", "load.workers.listen") from error
        initialised(self._environment, self._config)
        try:
            message: Any = Message
            message("spawn", vars(self._environment.parsed_options), "").serialize()
        except TypeError as error:
            reason = f"its command line options have a default that cannot be sent to workers: {error}"
            raise Refused(reason, str(Places(self._config.locustfiles))) from error
        events: Any = self._environment.events
        events.test_stop.add_listener(self._test_stopped)
        gevent.spawn(tell_refused, self._runner, self._channel)
        self._workers.start(host, self._runner.server.port, token)

    def _start(self) -> bool:
        """Wait for all workers, have their users started, and wait for those; whether they are ready."""
        gevent.spawn(self._listen)
        gevent.spawn(self._beat)
        self._await("joining", lambda one: one.loaded)
        if not self._stopping:
            rate = spawn_rate(self._config, list(self._environment.user_classes))
            gevent.spawn(self._runner.start, self._config.started_users, rate)
            self._await("starting", lambda one: one.ready)
        self._channel.flush()
        if self._stopping:
            return False
        self._channel.tell(
            "ready", users=sum(one.users for one in self._workers), detail=f"in {len(self._workers)} workers"
        )
        return True

    def _await(self, what: str, done: Any) -> None:
        told = 0.0
        while not self._stopping and not all(done(one) for one in self._workers):
            if self._refused:
                raise self._refused
            for worker in self._workers:
                if death := worker.death(within_s=60.0):  # a locustfile that is imported lets nothing else be said
                    self._fail(f"{worker.name} died while it started ({death})")
            if time.monotonic() - told > 1:
                told = time.monotonic()
                self._tell_progress(what)
                self._channel.flush()
            gevent.sleep(LOOK_S / 2)

    def _tell_progress(self, what: str) -> None:
        if what == "joining":
            self._channel.tell("joining", joined=self._workers.joined, workers=len(self._workers))
        else:
            parked, users = sum(one.users for one in self._workers), self._config.started_users
            self._channel.tell("starting", users=users, parked=parked, where="")

    # --- words --------------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        for command in self._channel.commands():
            if command.get("do") == "begin":
                self._begun = True
                self._tell_all(command)
            elif command.get("do") == "stop":
                self._drain_s = float(command.get("drain_s", self._config.drain_s))
                self._stopping = True
                return
        self._drain_s, self._stopping = 0.0, True
        self._detail = self._detail or "the harness is gone"

    def _tell(self, link: str, word: dict[str, Any]) -> None:
        message: Any = Message
        self._runner.server.send_to_client(message(WORD, word, link))

    def _tell_all(self, word: dict[str, Any]) -> None:
        for worker in self._workers:
            if worker.link and not worker.over:
                self._tell(worker.link, word)

    def _now_us(self) -> int:
        return (time.monotonic_ns() - self._config.opened_monotonic_ns) // 1000

    def _beat(self) -> None:
        while True:
            gevent.sleep(BEAT_S)
            self._tell_all({"do": "beat"})

    def _hear(self, link: str, word: dict[str, Any]) -> None:  # noqa: PLR0912 (one case per kind of word)
        """One word of a worker; it knows the token."""
        if word["event"] == "join":
            self._join(link, word)
            return
        worker = self._workers.at(link)
        if worker is None:
            return
        if worker.lost:  # it lives after all, and its arrivals are recorded nowhere
            self._tell(link, {"do": "stop", "drain_s": 0.0})
            return
        worker.heard_s = time.monotonic()
        match word["event"]:
            case "loaded":
                worker.loaded = True
            case "starting":
                worker.users = word["parked"]
            case "ready":
                worker.ready, worker.users = True, word["users"]
            case "began":
                if not self._told_began:
                    self._told_began = True
                    self._channel.tell("began", at_us=word["at_us"])
            case "sample":
                self._sample(self._samples.sample(worker.number, word, self._workers.alive()))
            case "said" if word["kind"] == "broken":
                self._channel.tell("said", kind="broken", text=f"{worker.name}: {word['text']}", count=1)
            case "said":
                self._channel.say(word["kind"], word["text"], word["count"])
            case "refused":
                self._refused = self._refused or Refused(word["reason"], word["where"])
            case "ended":
                self._ended(worker, word)
            case event if event in EVENTS:
                self._elsewhere.hear(worker, word)

    def _join(self, link: str, word: dict[str, Any]) -> None:
        worker = None
        if word["version"] != __version__:
            reason = f"it is drill {word['version']}, and the run is of drill {__version__}"
        elif self._begun or (worker := self._workers.join(link, word)) is None:
            reason = f"the run has its {len(self._workers)} workers already"
        if worker is None:
            self._channel.say("refused_worker", f"a worker on {word['machine']} may not join: {reason}")
            self._tell(link, {"do": "refused", "reason": reason, "version": __version__})
            return
        config = dataclasses.replace(self._config, worker=worker.number)
        welcome: dict[str, Any] = {"do": "welcome", "config": config.to_json(self._ledger)}
        if worker.process is None:
            welcome |= self._elsewhere.given()
        self._tell(link, welcome)

    def _ended(self, worker: Worker, word: dict[str, Any]) -> None:
        worker.ended = word
        if not word["clean"]:
            self._fail(f"{worker.name}: {word['detail']}")
        self._samples.last_due_us = max(self._samples.last_due_us, word["ended_us"])

    def _sample(self, sample: dict[str, Any] | None) -> None:
        if sample is not None:
            self._channel.tell("sample", **sample)
            self._channel.flush()

    def _fail(self, detail: str) -> None:
        self._clean, self._detail = False, self._detail or detail
        self._stopping = True

    def _test_stopped(self, **_: Any) -> None:
        if not self._stopping:
            self._fail("the locustfile stopped the test")

    # --- while it runs ------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        housekeeping = Housekeeping(self._runner)
        while not self._stopping:
            gevent.sleep(LOOK_S)
            self._look_for_the_dead()
            housekeeping.tidy()

    def _look_for_the_dead(self) -> None:
        for worker, death in self._workers.dead():
            self._lose(worker, death)
        if not self._workers.alive() and not self._stopping:
            self._fail("all of its workers died" if len(self._workers) > 1 else "its worker died")

    def _lose(self, worker: Worker, death: str) -> None:
        """It is gone, with its part of the load."""
        worker.lost = True
        worker.kill()
        in_flight = 0
        try:
            in_flight = abandon(self._ledger, worker.number)
        except OSError as error:
            self._fail(f"the ledger of {worker.name} cannot be closed: {error}")
        self._channel.tell(
            "lost",
            worker=worker.number,
            workers=len(self._workers),
            machine=worker.machine if worker.process is None else "",
            at_us=round(worker.last_s * 1e6) - self._config.opened_monotonic_ns // 1000,
            in_flight=in_flight,
            home=worker.home,
            detail=death,
        )
        self._sample(self._samples.whole(self._workers.alive()))

    # --- after --------------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        stop: dict[str, Any] = {"do": "stop", "drain_s": self._drain_s}
        if self._begun and self._clean:  # all stop at one instant, so that of one schedule nothing is missing before it
            stop["until_us"] = self._now_us() + round(STOP_LEAD_S * 1e6)
        self._tell_all(stop)
        until = time.monotonic() + self._drain_s + self._config.timeout_s + (HOME_S if self._config.joining else 4)
        while time.monotonic() < until and not all(one.over for one in self._workers):
            gevent.sleep(LOOK_S / 4)
            for worker, death in self._workers.dead():
                self._lose(worker, death)
        for worker in self._workers:
            if not worker.over:
                self._lose(worker, "it did not end" if worker.ended is None else "it ended, and did not send all")
        self._stopping = True
        with gevent.Timeout(2, False):
            self._runner.stop(send_stop_to_client=False)
            quitting(self._environment, self._clean, self._channel)
        self._workers.kill()
        self._channel.flush()
        sys.stdout.flush()
        self._channel.tell("ended", clean=self._clean, ended_us=self._samples.last_due_us, detail=self._detail)
