"""Why a running drill ends before its plan does: a guard, `drill halt`, a signal. Looked at ten times a second."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from harness.facts import Broke, Fact, HaltAsked, Interrupted
from harness.world.docker_cli import starts_a_command

LOOK_S = 0.2  # between looks for a halt request while something long is waited for


class Stopped(Exception):
    """The drill ends now. `why` is the word that its mends carry; `fact` says it in the journal."""

    def __init__(self, why: str, fact: Fact) -> None:
        super().__init__(why)
        self.why = why
        self.fact = fact


@contextlib.contextmanager
def ending_at_once() -> Iterator[None]:
    """SIGTERM and SIGHUP end the command as Ctrl-C does, by an exception, so that what it started is ended with it.

    For everything around a run (images are built before one); the run itself answers signals in its own way.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class StopSignals:
    """Ctrl-C, SIGTERM and a halt request.

    The first signal ends the drill. While something long and harmless is waited for (`interruptible`) it is raised at once;
    elsewhere it waits for the next look. A second signal changes nothing: mending is never cut short.
    """

    def __init__(self, halt_request: Path) -> None:
        self._halt_request = halt_request
        self._signal: str = ""
        self._raise_at_once = False
        self._lost = ""

    def lost(self, why: str) -> None:
        """A helper that the run cannot do without is gone (from any thread)."""
        self._lost = self._lost or why

    @property
    def asked(self) -> bool:
        """Whether somebody asked for the end, or something needed is gone."""
        return bool(self._lost or self._signal) or self._halt_request.exists()

    def check(self) -> None:
        """Raise Stopped when somebody asked for the end, or something needed is gone."""
        if self._lost:
            raise Stopped("error", Broke(error=self._lost))
        if self._signal:
            raise Stopped("signal", Interrupted(signal=self._signal))
        if self._halt_request.exists():
            try:
                asked = json.loads(self._halt_request.read_text())
            except (OSError, json.JSONDecodeError):
                asked = {}
            raise Stopped("halt", HaltAsked(by=str(asked.get("by", "?")), reason=str(asked.get("reason", ""))))

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """Whatever is waited for inside is left at once: on a signal, on `drill halt`, and when a helper is lost."""
        self._raise_at_once = True  # before the first look, so that no signal falls in between
        try:
            signal.setitimer(signal.ITIMER_REAL, LOOK_S, LOOK_S)
            self.check()
            yield
        finally:
            self._raise_at_once = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Take over SIGINT, SIGTERM and SIGHUP, and SIGALRM for our own looks, for the length of a run (main thread only)."""
        before = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._on_look)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        first = not self._signal
        if first:
            self._signal = signal.Signals(number).name
        if first and self._raise_at_once and not starts_a_command():  # then the next look raises it
            self._raise_at_once = False
            raise Stopped("signal", Interrupted(signal=self._signal))

    def _on_look(self, _number: int, _frame: FrameType | None) -> None:
        if self._raise_at_once and not starts_a_command():
            try:
                self.check()
            except Stopped:
                self._raise_at_once = False
                raise
