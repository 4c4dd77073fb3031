"""What is fuzzed: one reader of foreign input each, the inputs it begins from, and how it may refuse."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from harness.errors import NotApplied, UsageError

LIMIT_S = 5.0
"""Of one input, on a machine that others use as well; a reader takes milliseconds."""


class Hung(BaseException):
    """A reader took longer than it may. No Exception: what it catches of its own input's faults must not catch this."""


@dataclass(frozen=True)
class Target:
    """
    reads   what of the world it stands for
    seeds   inputs as they should be
    read    reads one; what it raises beside `refuses` is a crash
    """

    name: str
    reads: str
    seeds: Callable[[], Sequence[bytes]]
    read: Callable[[bytes], object]
    refuses: tuple[type[Exception], ...] = (UsageError, NotApplied)
    located: bool = False
    """Whether each refusal has to say where: `file:line: what`."""


@dataclass(frozen=True)
class Crash:
    """What nobody foresaw: the error, and the last place of ours that it passed."""

    kind: str
    place: str
    told: str

    @property
    def signature(self) -> str:
        return f"{self.kind} at {self.place}"


def tried(target: Target, data: bytes, limit_s: float = LIMIT_S) -> Crash | None:
    """Give a target one input. None when it read it or refused it as it should. Only for the main thread."""
    try:
        with limited(limit_s):
            target.read(data)
    except target.refuses as error:
        return _unlocated(error) if target.located else None
    except Hung:
        return Crash("Hung", "", f"not read after {limit_s:g} s")
    except Exception as error:
        return Crash(type(error).__name__, _place(error), f"{type(error).__name__}: {error}"[:500])
    return None


@contextmanager
def limited(limit_s: float) -> Iterator[None]:
    """Raise Hung in what takes longer than this of the processor: of another's work on the machine nothing is told."""

    def late(number: int, frame: FrameType | None) -> None:
        raise Hung

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _unlocated(error: Exception) -> Crash | None:
    problems = getattr(error, "problems", (str(error),))
    wrong = [text for text in problems if not _says_where(text)]
    return Crash("Unlocated", "", wrong[0][:500]) if wrong else None


def _says_where(text: str) -> bool:
    file, _, rest = text.partition(":")
    number = rest.partition(":")[0]
    return bool(file) and (number.strip().isdigit() or "cannot be read" in text)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/harness/" in frame.filename]
    last = (ours or frames)[-1]
    return f"{last.filename.rpartition('/harness/')[2]}:{last.name}"
