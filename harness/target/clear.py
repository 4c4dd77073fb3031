"""Whether it is clear to start, and still is while a drill goes: a PromQL, a URL, a command. What is asked is told in one line."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.errors import NotApplied
from harness.target.model import Clear
from harness.target.place import Place
from harness.target.reach import PlaceApi

EVERY_S = 5.0
COMMAND_S = 10.0
BLIND_S = 30.0
"""What cannot be asked for so long is as bad as a no: an incident may just have begun."""


@dataclass(frozen=True)
class Told:
    """The answer to one question: `clear` is None where it could not be asked; `why` the rest of the sentence."""

    what: str
    clear: bool | None
    why: str = ""

    def __str__(self) -> str:
        return f"not clear to start: {self.what}: {self.why}"


def verdict(answers: Sequence[Told], blind_s: float = float("inf"), blind_limit_s: float = 0.0) -> str:
    """Why it is not clear, in a line, or ''. What could not be asked counts as a no once it was so for the limit. Pure."""
    for answer in answers:
        if answer.clear is False or (answer.clear is None and blind_s >= blind_limit_s):
            return str(answer)
    return ""


class Querier(Protocol):
    """Asks PromQL and says whether it gave a series. Raises NotApplied."""

    def __call__(self, expr: str) -> bool: ...


@dataclass(frozen=True)
class Asking:
    """How the questions are asked. `folder` is where commands run."""

    query: Querier | None = None
    folder: Path = field(default_factory=Path.cwd)

    def ask(self, clear: Clear) -> Told:
        try:
            if clear.promql:
                return self._promql(clear)
            return _url(clear, clear.url) if clear.url else self._command(clear)
        except NotApplied as error:
            return Told(clear.what, None, str(error))
        except Exception as error:  # whatever it is, it was not asked, and the watch must go on
            return Told(clear.what, None, f"it could not be asked ({type(error).__name__})")

    def _promql(self, clear: Clear) -> Told:
        if self.query is None:
            raise NotApplied("there is no Prometheus to ask")
        held = self.query(clear.promql)
        return Told(clear.what, held, "" if held else "the query gives no series now")

    def _command(self, clear: Clear) -> Told:
        try:
            done = subprocess.run(
                clear.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=COMMAND_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NotApplied(f"the command had not ended after {COMMAND_S:g} s") from None
        except OSError as error:
            raise NotApplied(f"the command could not be started: {error.strerror}") from None
        last = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines()[-1:]
        said = f": {last[0][:200]}" if last else ""
        return Told(
            clear.what, done.returncode == 0, f"it ended with {done.returncode}{said}" if done.returncode else ""
        )


def _url(clear: Clear, place: Place) -> Told:
    class Status(PlaceApi):
        def status(self) -> int:
            return self._asked("", None)[1]

    status = Status("the answer", place).status()
    return Told(clear.what, status // 100 == 2, f"it answers with {status}")


class Watch:
    """Asks again and again in a thread of its own; `trouble` is why it is no longer clear, once it is not."""

    def __init__(self, questions: Sequence[Clear], asking: Asking, now_s: Callable[[], float] = time.monotonic) -> None:
        self._questions, self._asking, self._now_s = questions, asking, now_s
        self._over = threading.Event()
        self._seen_s: dict[str, float] = {}
        self.trouble = ""
        self._thread = threading.Thread(target=self._keep, name="clear", daemon=True)

    def start(self) -> None:
        self._seen_s = {question.what: self._now_s() for question in self._questions}
        self._thread.start()

    def close(self) -> None:
        self._over.set()

    def look(self) -> None:
        """Every question once."""
        for question in self._questions:
            answer = self._asking.ask(question)
            if answer.clear is not None:
                self._seen_s[question.what] = self._now_s()
            blind_s = self._now_s() - self._seen_s[question.what]
            self.trouble = self.trouble or verdict((answer,), blind_s, BLIND_S)

    def _keep(self) -> None:
        while not self.trouble and not self._over.wait(EVERY_S):
            self.look()
