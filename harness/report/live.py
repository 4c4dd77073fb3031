"""What a run tells while it goes: a live line on a terminal, plain lines elsewhere, NDJSON with --json."""

from __future__ import annotations

import contextlib
import json
import math
import shlex
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from harness.facts import (
    Acknowledged,
    Aimed,
    AlertChanged,
    Blinded,
    Broke,
    Deployed,
    Executed,
    Executing,
    Fact,
    GateHeld,
    GateMissed,
    GuardTripped,
    HaltAsked,
    Injected,
    Injecting,
    Interrupted,
    LeverAnswered,
    LeverAsked,
    LeverEnded,
    LeverHeld,
    LeverPulled,
    LoadEnded,
    LoadReady,
    LoadSaid,
    Looked,
    Mended,
    Noted,
    NotInjected,
    NotMended,
    Opened,
    OrdersSettled,
    Paged,
    PhaseBegan,
    PhaseEnded,
    PhaseSettled,
    Refused,
    Restarted,
    RungTried,
    SilenceSeen,
    StateSettled,
    WorkerLost,
    to_dict,
)
from harness.harmless import lines
from harness.report.course import Course
from harness.report.ladder import restarted, rung_tried
from harness.report.unread import UnreadTold

if TYPE_CHECKING:
    from rich.text import Text

    from harness.ledger import Rows

HELPERS = ("keeper", "toxiproxy")  # they are told of when they go and when they come, not at each look
LOUD = ("ASKED", "LOST SIGHT", "NOT ", "STILL ON", "GUARD", "ERROR", "REFUSED", "HALT")
NOTED = {"observe": "sees", "hypothesis": "believes", "decide": "decides", "act": "does"}
WINDOW_S = 5.0  # of the state's numbers
MANY = 4  # those that wait are told from one for so many that ended
STALE_S = 3.0  # after so long without a new state the terminal shows what is waited for instead
AGAIN_S = 60.0  # the load says the same thing each second while it goes on; people are told so often
PLAIN_EVERY_S = 10  # off a terminal one state line in so many seconds: a CI log stays readable


@dataclass(frozen=True)
class State:
    """The last seconds in numbers: errors and times of what ended in them; `waiting` are those that have not ended yet."""

    phase: str
    on: tuple[str, ...]
    at_s: float
    arrivals: int
    errors: str
    p95: str
    waiting: int
    ended: int

    def line(self) -> str:
        """What matters most stands first: a narrow terminal cuts the end."""
        many = f"  {self.waiting} waiting" if self.waiting * MANY > self.ended else ""
        return f"{self.phase}  errors {self.errors}  p95 {self.p95}{many}  {self.arrivals / WINDOW_S:.1f}/s  {self.faults()}"

    def faults(self) -> str:
        return f"on: {', '.join(self.on)}" if self.on else "no fault on"


def state(phase: str, on: tuple[str, ...], rows: Rows, now_s: float) -> State:
    """Reckon the last five seconds."""
    from harness.stats.condition import show_ms
    from harness.stats.lately import lately

    seen, waiting, due = lately(rows, now_s, WINDOW_S)
    ratio, p95 = seen.error_ratio(), seen.percentile_ms(0.95)
    return State(
        phase=phase,
        on=on,
        at_s=now_s,
        arrivals=due,
        errors="-" if ratio is None else f"{100 * ratio[0]:.1f}%",
        p95="-" if p95 is None else show_ms(p95[0]),
        waiting=waiting,
        ended=seen.n,
    )


def sentence(fact: Fact) -> str:  # noqa: PLR0911, PLR0912 (one line per kind of fact reads best as a table)
    """A fact as a line for people; '' for those that would only be noise."""
    match fact:
        case Opened():
            return f"run {fact.run} (drill halt {fact.run} ends it, faults out first)"
        case LoadReady():
            return f"{fact.users} users are ready"
        case LoadSaid():
            return f"load: {fact.text}" + (f" ({fact.count} times)" if fact.count > 1 else "")
        case WorkerLost():
            part = f"worker {fact.worker} of the load's {fact.workers}"
            return f"{part} was lost ({fact.detail}): nobody sends its part from now on"
        case GateHeld():
            return f"steady: the gate is open{f' ({fact.waited})' if fact.waited else ''}"
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
        case Aimed():
            return f"{fact.fault} hits {', '.join(fact.containers)}"
        case Injected():
            return f"fault on:  {fact.fault}"
        case NotInjected():
            return f"fault could NOT be injected: {fact.fault}: {fact.error}"
        case Mended():
            return f"fault out: {fact.fault}" + (f" (by {fact.ladder})" if fact.ladder else "")
        case RungTried():
            return rung_tried(fact)
        case Restarted():
            return restarted(fact)
        case NotMended():
            return f"FAULT STILL ON: {fact.fault}: {fact.error}"
        case AlertChanged() if fact.state == "firing":
            return f"alert fires: {fact.alert}"
        case AlertChanged() if fact.state == "inactive":
            return f"alert inactive: {fact.alert}"
        case Paged() if not fact.standing:
            return f"paged {fact.receiver}: {fact.alert}{' is clear' if fact.status == 'resolved' else ''}"
        case SilenceSeen() if fact.state == "active":
            return f"silenced by {fact.by or 'somebody'}: {', '.join(fact.matchers)}"
        case Deployed():
            return _deployed(fact)
        case LeverPulled():
            return f"lever pulled by {fact.by}: {fact.command or 'by hand'}"
        case LeverHeld():
            return f"lever: waits for the deployment, {fact.why or 'which leaves off at its next step'}"
        case LeverEnded():
            return f"lever: {fact.detail or f'the command ended with {fact.exit_code}'}"
        case LeverAsked():
            return f"ASKED: {fact.question}" if fact.there else f"ASKED, with no terminal to answer on: {fact.question}"
        case LeverAnswered():
            return f"answered: {fact.text}"
        case Acknowledged():
            return f"acknowledged by {fact.by}{f': {fact.alert}' if fact.alert else ''}"
        case Noted():
            return f"{fact.by} {NOTED.get(fact.kind, 'notes')}: {fact.text}"
        case Executing():
            return f"{fact.by} runs: {shlex.join(fact.command)}"
        case Executed():
            return f"their command: {fact.detail or f'ended with {fact.exit_code}'}"
        case OrdersSettled():
            rest = f": {fact.detail}" if fact.detail else ""
            return f"orders {fact.op}: {'at rest' if fact.quiet else 'NOT AT REST'} after {fact.waited_s:.0f} s{rest}"
        case StateSettled():
            if fact.cut:
                return f"state: not read: {fact.cut}"
            rest = f": {fact.detail}" if fact.detail else ""
            return f"state: {'at rest' if fact.quiet else 'NOT AT REST'} after {fact.waited_s:.0f} s{rest}"
        case GuardTripped():
            return f"GUARD: {fact.detail}; ending the drill"
        case HaltAsked():
            return f"HALT by {fact.by}; ending the drill"
        case Interrupted():
            return f"{fact.signal}: mending, then taking everything down (again would only cut waiting short)"
        case Refused():
            return f"REFUSED: {fact.reason}"
        case Broke():
            return f"HARNESS ERROR: {fact.error}"
        case Blinded() if fact.probe == "docker":
            return f"DOCKER IS AWAY, waiting for it to mend what is on: {fact.error}"
        case Looked() if fact.probe == "docker":
            return "Docker is back"
        case Blinded() if fact.probe in HELPERS:
            return f"LOST SIGHT of the {fact.probe}: {fact.error}"
        case Looked() if fact.probe in HELPERS:
            return f"the {fact.probe} is back"
        case LoadEnded():
            return "" if fact.clean else f"load: {fact.detail}"
        case _:
            return ""


def _deployed(fact: Deployed) -> str:
    """That ours came to its end is told by the fault."""
    if fact.by == "rollback":
        return f"rolled back: {fact.service} runs {fact.image} again on {fact.replicas} of {fact.replicas} containers"
    return f"deployment of {fact.service}: {fact.detail}" if fact.detail else ""


class PlainDisplay:
    """Lines on a stream, each with its second; `every_s` spaces the state lines.

    Once the run is opened the seconds are its own: those of the journal and of every report. A stream that nobody reads
    any more (a closed terminal, `| head`) ends the telling, never the run.
    """

    def __init__(self, out: TextIO, every_s: float = PLAIN_EVERY_S) -> None:
        self._out = out
        self._every_s = every_s
        self._began_s = time.monotonic()
        self._next_s = 0.0
        self._lock = threading.Lock()
        self._gone = False
        self._told_s: dict[str, float] = {}
        self._unread = UnreadTold()
        self._course = Course()

    def say(self, text: str) -> None:
        self._line(self._now_s(), text)

    def fact(self, fact: Fact) -> None:
        if isinstance(fact, Opened):
            self._began_s = fact.monotonic_ns / 1e9
        if isinstance(fact, LoadSaid):
            if fact.seen_s < self._told_s.get(fact.text, -math.inf) + AGAIN_S:
                return
            self._told_s = {text: at_s for text, at_s in self._told_s.items() if at_s >= fact.seen_s - AGAIN_S}
            self._told_s[fact.text] = fact.seen_s
        if not self._course.hear(fact):
            return
        if text := sentence(fact) or self._unread.line(fact):
            self._line(fact.seen_s, text)

    def second(self, phase: str, on: tuple[str, ...], rows: Rows, now_s: float) -> None:
        if now_s < self._next_s:
            return
        self._next_s = now_s + self._every_s
        self._line(now_s, state(phase, self._course.on(on), rows, now_s).line())

    @contextlib.contextmanager
    def resting(self) -> Iterator[None]:
        """Nothing is drawn meanwhile: somebody is asked something on this terminal."""
        yield

    def close(self) -> None:
        """Nothing to put back."""

    def _now_s(self) -> float:
        return time.monotonic() - self._began_s

    def _line(self, at_s: float, text: str) -> None:
        self._write(f"{at_s:6.1f} s  {indented(text)}\n")

    def _write(self, text: str) -> None:
        with self._lock:
            if self._gone:
                return
            try:
                self._out.write(text)
                self._out.flush()
            except (OSError, ValueError):
                self._gone = True


def indented(text: str) -> str:
    """Lines after the first stand under it; what could move the cursor does not."""
    first, *more = lines(text)
    return "\n".join([first, *(f"{'':10}{line}" for line in more if line.strip())])


class LiveDisplay(PlainDisplay):
    """A terminal: facts scroll by, one line at the bottom shows the state, or what is waited for and for how long."""

    def __init__(self, out: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        super().__init__(out, every_s=0)
        self._console = Console(file=out, highlight=False, soft_wrap=False)
        self._waits_for = ""
        self._state: State | None = None
        self._live = Live(get_renderable=self._bottom, console=self._console, refresh_per_second=4, transient=True)
        self._live.start()

    def second(self, phase: str, on: tuple[str, ...], rows: Rows, now_s: float) -> None:
        self._state = state(phase, self._course.on(on), rows, now_s)

    @contextlib.contextmanager
    def resting(self) -> Iterator[None]:
        self.close()
        yield
        with contextlib.suppress(OSError, ValueError):
            self._live.start()

    def close(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._live.stop()

    def _bottom(self) -> Text:
        from rich.text import Text

        now_s, seen = self._now_s(), self._state
        fresh = seen is not None and now_s - seen.at_s < STALE_S
        line = f"{now_s:6.0f} s  {seen.line() if fresh and seen is not None else f'{self._waits_for} …'}"
        return Text(line, no_wrap=True, overflow="ellipsis", style="dim" if not fresh else "")

    def _line(self, at_s: float, text: str) -> None:
        from rich.text import Text

        self._waits_for = text.partition("\n")[0]
        style = "bold red" if any(word in text for word in LOUD) else ""
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._console.print(Text(f"{at_s:6.1f} s  {indented(text)}", style=style))


class JsonDisplay(PlainDisplay):
    """NDJSON on stdout: every fact as it is written; the command adds the last line, of type result."""

    def say(self, text: str) -> None:
        self._tell({"type": "said", "text": text})

    def fact(self, fact: Fact) -> None:
        self._tell({"type": "fact", **to_dict(fact)})

    def second(self, phase: str, on: tuple[str, ...], rows: Rows, now_s: float) -> None:
        seen = state(phase, on, rows, now_s)
        self._tell(
            {
                "type": "state",
                "phase": seen.phase,
                "on": seen.on,
                "at_s": round(seen.at_s, 1),
                "arrivals_5s": seen.arrivals,
                "waiting": seen.waiting,
                "errors": seen.errors,
                "p95": seen.p95,
            }
        )

    def _tell(self, document: dict[str, object]) -> None:
        from harness.document import plain

        self._write(json.dumps(plain(document), allow_nan=False) + "\n")


class NoDisplay(PlainDisplay):
    """Nothing at all (--live off)."""

    def say(self, text: str) -> None:
        return

    def fact(self, fact: Fact) -> None:
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
