"""A run tells those who want to know: before it begins, at once when it is ended before its time, and at its end.

Each way has a thread and a deadline. What fails is said, and changes nothing about the run, its verdict or its exit code.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from harness.errors import DrillError, exit_code, said
from harness.facts import Broke, Fact, GuardTripped, HaltAsked, Interrupted, LeaseLapsed, Opened
from harness.report.announcement import Announcement, ended
from harness.run.announcers import sent

if TYPE_CHECKING:
    from harness.drill.announce import Way

LONGER_S = 1.0  # than a way's own time-out: whoever is not done then is not waited for


class Announcer:
    """Of one drill. As a context it tells of an end by an error too, and waits, within the time-outs, for what is on its way."""

    def __init__(self, drill: str, ways: Sequence[tuple[Way, Path]], say: Callable[[str], None]) -> None:
        self._drill = drill
        self._ways = ways
        self._say = say
        self._run = ""
        self._over = False
        self._aborted = False
        self._sending: list[_Sending] = []

    def begins(self, text: str) -> None:
        """Told before anything starts: who is to know has been told, or could not be."""
        self._tell("begins", text)
        self.wait()

    def hears(self, fact: Fact) -> None:
        """A fact of the run: what ends it before its time is told at once."""
        if isinstance(fact, Opened):
            self._run = fact.run
        elif not self._aborted and (why := _ends(fact)):
            self._aborted = True
            self._tell("aborted", f"{self._drill} is ended before its time: {why}; its faults are being taken out")

    def ended(self, document: Mapping[str, Any], report: str) -> None:
        self._over = True
        self._send(ended(document, report, time.time()))

    def refused(self, error: BaseException) -> None:
        self._tell("refused", f"{self._drill} was not rehearsed: {_line(said(error))}")

    def missed(self, text: str) -> None:
        self._tell("missed", f"{self._drill}: {text}")

    def wait(self) -> None:
        """Until all of it was sent, or its time is over; what was not is said."""
        for one in self._sending:
            one.thread.join(max(0.0, one.until_s - time.monotonic()))
            why = f"no answer within {one.way.timeout_s:g} s" if one.thread.is_alive() else one.why
            if why:
                self._say(f"warning: {one.way} was not told of '{one.event}': {why}; the run is not touched by that")
        self._sending.clear()

    def __enter__(self) -> Announcer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not self._over and not self._aborted:
            why = _line(said(error)) if isinstance(error, DrillError) else f"{said(error)} (exit {exit_code(error)})"
            self._tell("aborted", f"{self._drill} ended without a verdict: {why}")
        self.wait()

    def _tell(self, event: str, text: str) -> None:
        self._send(Announcement(event, self._drill, text, time.time(), run=self._run))

    def _send(self, told: Announcement) -> None:
        self._sending += [_Sending(way, told, directory) for way, directory in self._ways if told.event in way.on]


class _Sending:
    """One announcement on its way; `why` it was not taken, once its thread has ended."""

    def __init__(self, way: Way, told: Announcement, directory: Path) -> None:
        self.way, self.event, self.why = way, told.event, ""
        self.until_s = time.monotonic() + way.timeout_s + LONGER_S
        self.thread = threading.Thread(target=self._send, args=(told, directory), name="announcement", daemon=True)
        self.thread.start()

    def _send(self, told: Announcement, directory: Path) -> None:
        self.why = sent(self.way, told, directory)


def _ends(fact: Fact) -> str:
    """Why a fact ends the run before its time; '' for one that does not."""
    match fact:
        case GuardTripped():
            return f"guard {fact.guard}: {fact.detail}"
        case HaltAsked():
            return f"drill halt by {fact.by}" + (f", {fact.reason}" if fact.reason else "")
        case Interrupted():
            return fact.signal
        case LeaseLapsed():
            return f"the harness stood still for {fact.silent_s:.0f} s"
        case Broke():
            return f"an error of the harness: {fact.error}"
    return ""


def _line(text: str) -> str:
    return " | ".join(line.strip() for line in text.splitlines() if line.strip())
