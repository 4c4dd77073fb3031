"""The load process seen from the harness: started, told when to begin and stop, its words turned into facts."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from harness.errors import CannotRun, Missing, UsageError
from harness.facts import Fact, LoadBegan, LoadEnded, LoadReady, LoadSaid, LoadSampled, WorkerClock, WorkerLost
from harness.load.config import LoadConfig
from harness.load.places import Places
from harness.own_process import own_process

__all__ = ["Generator", "LoadConfig"]

HOME_S = 20.0  # workers end one after the other, and ledgers of other machines are brought home
START_WITHIN_S = 10.0  # a process is forked in milliseconds; on a machine that is out of memory, perhaps never


class Generator:
    """One load process. It dies with the harness: its standard input ends, and the kernel kills it with its parent."""

    def __init__(self, config: LoadConfig, folder: Path) -> None:
        """`folder` is the run folder; the ledger goes to its `ledger/`, Locust's own output to `load.log`."""
        self.config = config
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._heard: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._facts: list[Fact] = []
        self._asked = False  # a thread is starting the process, or has
        self._started = threading.Event()
        self._silent = threading.Event()  # the process has ended and everything it said is heard
        self._error: OSError | None = None
        self._importing: dict[str, Any] = {}
        self._joining: dict[str, Any] = {}
        self._starting: dict[str, Any] = {}
        self._last_due_us = 0
        self.ended = False

    @property
    def log(self) -> Path:
        return self._folder / "load.log"

    @property
    def ledger(self) -> Path:
        return self._folder / "ledger"

    @property
    def _told(self) -> Path:
        """What the process reads when it is told to start."""
        return self._folder / ("load.json" if self.config.worker == 0 else f"load-{self.config.worker}.json")

    @property
    def pid(self) -> int | None:
        """Of the load process, once it is started."""
        return self._process.pid if self._process else None

    # --- verbs -------------------------------------------------------------------------------------------------------

    def warm(self) -> None:
        """Start the process: it imports Locust, which takes longest, and waits. Nothing of the user's runs yet."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # A thread of its own starts and hears the process: PR_SET_PDEATHSIG is tied to the thread that starts it
        # (prctl(2)), and somebody must always empty the pipe, or the load would stall.
        self._asked = True
        threading.Thread(target=self._run, args=(self._told,), name="drill-load", daemon=True).start()
        self._started.wait()
        if self._error:
            raise CannotRun(f"the load process could not be started: {self._error}")

    def start(self, host: str = "") -> None:
        """Import the locustfiles and start the users, but nothing is due before `begin`. `host`: where its service is, if
        that was not known before."""
        if host:
            self.config = dataclasses.replace(self.config, host=host)
        self.ledger.mkdir(parents=True, exist_ok=True)
        self._told.write_text(self.config.to_json(self.ledger))
        if not self._asked:
            self.warm()
        self._tell({"do": "start"})

    def ready(self, deadline_s: float) -> int:
        """Wait until all users are started and stand at the gate; returns how many.

        Raises UsageError when the locustfile is refused (with the reason and file:line), CannotRun when it dies, blocks
        or does not come to an end of its on_start within `deadline_s`.
        """
        until = time.monotonic() + deadline_s
        while True:
            try:
                event = self._heard.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                reason = self._stuck(deadline_s)
                self.kill()
                raise CannotRun(Missing(reason, f"see {self.log}")) from None
            if event is None:
                self._forget()
                raise CannotRun(Missing(f"the load process ended while starting ({self._exit()})", f"see {self.log}"))
            kind = event["event"]
            if kind == "refused":
                self.kill()
                place = event["where"] or str(Places(self.config.locustfiles))
                raise UsageError(f"{place}: {event['reason']}")
            if kind == "importing":
                self._importing = event
            elif kind == "joining":
                self._joining = event
            elif kind == "starting":
                self._starting = event
            else:
                self._facts += self._as_facts(event)
            if kind == "ready":
                return int(event["users"])
            if kind == "ended":
                self.kill()
                raise CannotRun(Missing(f"the load ended while starting: {event['detail']}", f"see {self.log}"))

    def begin(self, at_s: float) -> None:
        """Arrivals are due from at_s on (seconds since the run was opened)."""
        self._tell({"do": "begin", "at_us": round(at_s * 1e6)})

    def poll(self) -> list[Fact]:
        """What was heard since the last time. Never blocks."""
        with contextlib.suppress(queue.Empty):
            while True:
                event = self._heard.get_nowait()
                if event is None:
                    if not self.ended:
                        self.ended = True
                        words = self._last_words()
                        detail = f"the load process died ({self._exit()}){': ' if words else ''}{words}"
                        self._facts.append(LoadEnded(clean=False, ended_s=self._last_due_us / 1e6, detail=detail))
                    break
                self._facts += self._as_facts(event)
        facts, self._facts = self._facts, []
        return facts

    def stop(self, drain_s: float | None = None) -> None:
        """No more arrivals; requests in flight may be answered for drain_s. Returns when the process has ended, killed
        if it must."""
        drain_s = self.config.drain_s if drain_s is None else drain_s
        self._tell({"do": "stop", "drain_s": drain_s})
        process = self._process
        if process is not None:
            try:  # users' on_stop may still send: one time-out of theirs beyond the drain
                home_s = HOME_S if self.config.distributed else 0.0
                process.wait(timeout=drain_s + self.config.timeout_s + 5 + home_s)
            except subprocess.TimeoutExpired:
                self.kill()
            self._silent.wait(5)
        self._forget()

    def kill(self) -> None:
        """End it now, also one that is just being started (a Ctrl-C at that instant). What it recorded stays."""
        if self._asked:
            self._started.wait(START_WITHIN_S)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
            self._silent.wait(5)
        self._forget()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _run(self, path: Path) -> None:
        try:
            with self.log.open("ab") as log:
                process = subprocess.Popen(
                    own_process("harness.load.child", str(path)),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C at the terminal is the harness's to answer
                    env={**os.environ, "PYTHONUNBUFFERED": "1"},
                )
        except OSError as error:
            self._error = error
            self._started.set()
            return
        self._process = process
        self._started.set()
        assert process.stdout is not None
        for line in process.stdout:
            with contextlib.suppress(ValueError):
                self._heard.put(json.loads(line))
        process.wait()
        self._heard.put(None)
        self._silent.set()

    def _tell(self, command: dict[str, Any]) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):  # a dead process is heard of by poll
                self._process.stdin.write(json.dumps(command).encode() + b"\n")
                self._process.stdin.flush()

    def _forget(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def _as_facts(self, event: dict[str, Any]) -> list[Fact]:  # noqa: PLR0911 (one case per kind of event)
        match event["event"]:
            case "ready":
                return [LoadReady(users=event["users"], detail=event.get("detail", ""))]
            case "began":
                return [LoadBegan(begins_s=event["at_us"] / 1e6)]
            case "sample":
                self._last_due_us = event["last_due_us"]
                sample = {key: event[key] for key in ("cpu_ratio", "late_ms", "due", "dropped")}
                return [LoadSampled(**sample)]
            case "lost":
                told = {key: event[key] for key in ("worker", "workers", "machine", "in_flight", "home", "detail")}
                return [WorkerLost(lost_s=event["at_us"] / 1e6, **told)]
            case "clock":
                return [WorkerClock(**{key: value for key, value in event.items() if key != "event"})]
            case "said":
                return [LoadSaid(kind=event["kind"], text=event["text"], count=event["count"])]
            case "ended":
                self.ended = True
                return [LoadEnded(clean=event["clean"], ended_s=event["ended_us"] / 1e6, detail=event["detail"])]
        return []

    def _exit(self) -> str:
        code = self._process.wait() if self._process else None
        if code is not None and code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"exit code {code}"

    def _stuck(self, deadline_s: float) -> str:
        """Where a process that does not become ready stands; faulthandler writes its stack to the log on SIGUSR1."""
        name = Places(self.config.locustfiles).name
        if not self._importing:
            return f"Locust itself was not imported within {deadline_s:g} s; this machine is too busy"
        if self._starting:
            users, parked, where = (self._starting[key] for key in ("users", "parked", "where"))
            where = where or self._place_by_signal()
            place = f"; one is at {where}" if where else ""
            return f"{users - parked} of {users} users did not end their on_start within {deadline_s:g} s{place}"
        if self._joining:
            joined, workers = self._joining["joined"], self._joining["workers"]
            if joined < workers:
                return f"{joined} of {workers} workers joined the load within {deadline_s:g} s"
            return f"{name} was not imported in all {workers} workers of the load within {deadline_s:g} s"
        place = self._importing["where"] or self._place_by_signal()
        return f"{place}{': ' if place else ''}{name} blocks while it is imported (waited {deadline_s:g} s)"

    def _place_by_signal(self) -> str:
        """file:line in a locustfile at which a process stands that lets nothing else run; or ''."""
        if self._process is None or self._process.poll() is not None:
            return ""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGUSR1)
        for _ in range(20):
            time.sleep(0.05)
            names = "|".join(re.escape(path.name) for path in self.config.locustfiles)
            place = rf'File "([^"]*(?:{names}))", line (\d+)'
            if found := re.findall(place, self._log_end(20000)):
                return f"{found[-1][0]}:{found[-1][1]}"
        return ""

    def _last_words(self) -> str:
        """The last lines of Locust's log that are not its own routine."""
        lines = [line.strip() for line in self._log_end(2000).splitlines()[1:]]
        return "; ".join([line for line in lines if line and "/INFO/locust" not in line][-3:])

    def _log_end(self, length: int) -> str:
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - length))
                return log.read().decode("utf-8", "replace")
        except OSError:
            return ""
