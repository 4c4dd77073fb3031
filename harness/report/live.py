"""What a run tells while it goes: a live line on a terminal, plain lines elsewhere, NDJSON with --json."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from harness.facts import Fact, LoadSaid, Opened, to_dict
from harness.harmless import lines
from harness.report.course import Course
from harness.report.last_seconds import State, state
from harness.report.sentences import sentence
from harness.report.unread import UnreadTold

if TYPE_CHECKING:
    from rich.text import Text

    from harness.ledger import Rows

LOUD = ("ASKED", "LOST SIGHT", "NOT ", "STILL ON", "GUARD", "ERROR", "REFUSED", "HALT")
STALE_S = 3.0  # after so long without a new state the terminal shows what is waited for instead
AGAIN_S = 60.0  # the load says the same thing each second while it goes on; people are told so often
PLAIN_EVERY_S = 10  # off a terminal one state line in so many seconds: a CI log stays readable


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
