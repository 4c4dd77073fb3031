"""Why a running drill ends before its plan does: a guard, `drill halt`, a signal. Looked at ten times a second."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from harness.errors import Signalled
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
        raise Signalled(number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class StopSignals:
    """Ctrl-C, SIGTERM and a halt request.

    The first signal ends the drill. While something long and harmless is waited for (`interruptible`) it is raised at once;
    elsewhere it waits for the next look. A second signal leaves what is only waited for; mending is never cut short.
    """

    def __init__(self, halt_request: Path) -> None:
        self._halt_request = halt_request
        self._signal: str = ""
        self._signals = 0
        self._answered = (0, False)  # signals, and whether a halt request, that an end was made of
        self._at_once: Callable[[], None] | None = None
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
        self._check_asked()

    def check_again(self) -> None:
        """Raise Stopped only for what was asked after it was last raised: a second Ctrl-C."""
        signals, halted = self._answered
        if self._signals > signals or (self._halt_request.exists() and not halted):
            self._check_asked()

    def _check_asked(self) -> None:
        halted = self._halt_request.exists()
        self._answered = (self._signals, halted)
        if self._signal:
            raise Stopped("signal", Interrupted(signal=self._signal))
        if halted:
            try:
                asked = json.loads(self._halt_request.read_text())
            except (OSError, json.JSONDecodeError):
                asked = {}
            raise Stopped("halt", HaltAsked(by=str(asked.get("by", "?")), reason=str(asked.get("reason", ""))))

    @contextlib.contextmanager
    def interruptible(self, *, again: bool = False) -> Iterator[None]:
        """Whatever is waited for inside is left at once: on a signal, on `drill halt`, and when a helper is lost.

        again   after a run that was ended so: only when it is asked for once more
        """
        self._at_once = (
            self.check_again if again else self.check
        )  # before the first look, so that no signal falls in between
        try:
            signal.setitimer(signal.ITIMER_REAL, LOOK_S, LOOK_S)
            self._at_once()
            yield
        finally:
            self._at_once = None
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
        self._signals += 1
        self._signal = self._signal or signal.Signals(number).name
        self._look()

    def _on_look(self, _number: int, _frame: FrameType | None) -> None:
        self._look()

    def _look(self) -> None:
        look = self._at_once
        if look is None or starts_a_command():  # then the next look raises it
            return
        try:
            look()
        except Stopped:
            self._at_once = None
            raise
