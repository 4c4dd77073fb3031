"""What a run tells while it goes: a live line on a terminal, plain lines elsewhere, NDJSON with --json."""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from harness.facts import (
    Broke,
    Fact,
    GateHeld,
    GateMissed,
    GuardTripped,
    HaltAsked,
    Injected,
    Injecting,
    Interrupted,
    LoadEnded,
    LoadReady,
    LoadSaid,
    Mended,
    NotInjected,
    NotMended,
    PhaseBegan,
    PhaseEnded,
    PhaseSettled,
    Refused,
    to_dict,
)

if TYPE_CHECKING:
    from harness.ledger import Rows

PLAIN_EVERY_S = 10  # off a terminal one state line in so many seconds: a CI log stays readable


@dataclass(frozen=True)
class State:
    """The last seconds in numbers, through the same fold that judges."""

    phase: str
    on: tuple[str, ...]
    at_s: float
    arrivals: int
    errors: str
    p95: str

    def line(self) -> str:
        on = ", ".join(self.on) or "no fault on"
        return f"{self.at_s:6.0f} s  {self.phase:<20} {on:<44} {self.arrivals:4d}/5s  errors {self.errors:>6}  p95 {self.p95:>8}"


def state(phase: str, on: tuple[str, ...], rows: Rows, now_s: float) -> State:
    """Fold the last five seconds."""
    from harness.stats import fold
    from harness.stats.condition import show_ms

    seen = fold(rows, now_s - 5, now_s, now_s=now_s)
    ratio, p95 = seen.error_ratio(), seen.percentile_ms(0.95)
    return State(
        phase=phase,
        on=on,
        at_s=now_s,
        arrivals=seen.n,
        errors="-" if ratio is None else f"{100 * ratio[0]:.1f}%",
        p95="-" if p95 is None else show_ms(p95[0]),
    )


def sentence(fact: Fact) -> str:  # noqa: PLR0911, PLR0912 (one line per kind of fact reads best as a table)
    """A fact as a line for people; '' for those that would only be noise."""
    match fact:
        case LoadReady():
            return f"{fact.users} users are ready"
        case LoadSaid():
            return f"load: {fact.text}"
        case GateHeld():
            return "steady: the gate is open"
        case GateMissed():
            return f"NOT STEADY: {fact.detail}"
        case PhaseBegan():
            return f"phase {fact.phase}"
        case PhaseEnded():
            return f"phase {fact.phase} is over; waiting for the stack to be steady again"
        case PhaseSettled():
            return f"{fact.phase}: {'steady again' if fact.steady else 'NOT STEADY AGAIN: ' + fact.detail}"
        case Injecting():
            return ""
        case Injected():
            return f"fault on:  {fact.fault}"
        case NotInjected():
            return f"fault could NOT be injected: {fact.fault}: {fact.error}"
        case Mended():
            return f"fault out: {fact.fault}" + (f" (by {fact.ladder})" if fact.ladder else "")
        case NotMended():
            return f"FAULT STILL ON: {fact.fault}: {fact.error}"
        case GuardTripped():
            return f"GUARD: {fact.detail}; ending the drill"
        case HaltAsked():
            return f"HALT by {fact.by}; ending the drill"
        case Interrupted():
            return f"{fact.signal}: mending, then taking everything down (again would change nothing)"
        case Refused():
            return f"REFUSED: {fact.reason}"
        case Broke():
            return f"HARNESS ERROR: {fact.error}"
        case LoadEnded():
            return "" if fact.clean else f"load: {fact.detail}"
        case _:
            return ""


class PlainDisplay:
    """Lines on a stream, each with its second; `every_s` spaces the state lines."""

    def __init__(self, out: TextIO, every_s: float = PLAIN_EVERY_S) -> None:
        self._out = out
        self._every_s = every_s
        self._began = time.monotonic()
        self._next_s = 0.0
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        with self._lock:
            self._out.write(f"{time.monotonic() - self._began:6.1f} s  {text}\n")
            self._out.flush()

    def fact(self, fact: Fact) -> None:
        if text := sentence(fact):
            self.say(text)

    def second(self, phase: str, on: tuple[str, ...], rows: Rows, now_s: float) -> None:
        if now_s < self._next_s:
            return
        self._next_s = now_s + self._every_s
        seen = state(phase, on, rows, now_s)
        self.say(
            f"{seen.phase}: {', '.join(seen.on) or 'no fault on'}; {seen.arrivals} requests in 5 s, errors {seen.errors}, p95 {seen.p95}"
        )

    def close(self) -> None:
        """Nothing to put back."""


class LiveDisplay(PlainDisplay):
    """A terminal: facts scroll by, the state stays in one line at the bottom."""

    def __init__(self, out: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        super().__init__(out, every_s=0)
        self._console = Console(file=out, highlight=False, soft_wrap=False)
        self._live = Live("", console=self._console, refresh_per_second=4, transient=True)
        self._live.start()

    def say(self, text: str) -> None:
        from rich.text import Text

        style = "bold red" if any(word in text for word in ("NOT ", "STILL ON", "GUARD", "ERROR", "REFUSED")) else ""
        self._console.print(Text(f"{time.monotonic() - self._began:6.1f} s  {text}", style=style))

    def second(self, phase: str, on: tuple[str, ...], rows: Rows, now_s: float) -> None:
        from rich.text import Text

        self._live.update(Text(state(phase, on, rows, now_s).line(), no_wrap=True, overflow="ellipsis"))

    def close(self) -> None:
        self._live.stop()


class JsonDisplay(PlainDisplay):
    """NDJSON on stdout: every fact as it is written; the command adds the last line, of type result."""

    def _write(self, document: dict[str, object]) -> None:
        with self._lock:
            self._out.write(json.dumps(document, default=str) + "\n")
            self._out.flush()

    def say(self, text: str) -> None:
        self._write({"type": "said", "text": text})

    def fact(self, fact: Fact) -> None:
        self._write({"type": "fact", **to_dict(fact)})

    def second(self, phase: str, on: tuple[str, ...], rows: Rows, now_s: float) -> None:
        seen = state(phase, on, rows, now_s)
        self._write(
            {
                "type": "state",
                "phase": seen.phase,
                "on": seen.on,
                "at_s": round(seen.at_s, 1),
                "arrivals_5s": seen.arrivals,
                "errors": seen.errors,
                "p95": seen.p95,
            }
        )


class NoDisplay(PlainDisplay):
    """Nothing at all (--live off)."""

    def say(self, text: str) -> None:
        return

    def second(self, phase: str, on: tuple[str, ...], rows: Rows, now_s: float) -> None:
        return


def display(mode: str, as_json: bool) -> PlainDisplay:
    """`mode` is auto, plain or off. Results go to stdout, everything else to stderr."""
    import os

    if as_json:
        return JsonDisplay(sys.stdout)
    if mode == "off":
        return NoDisplay(sys.stderr)
    fancy = sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")
    return LiveDisplay(sys.stderr) if mode == "auto" and fancy else PlainDisplay(sys.stderr)
