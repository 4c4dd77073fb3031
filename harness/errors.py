"""What can go wrong before or beside a verdict, each with the exit code it ends with (factored out to avoid import loops)."""

from __future__ import annotations

from dataclasses import dataclass

EXIT_PASSED = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INCONCLUSIVE = 3
EXIT_CANNOT_RUN = 4
EXIT_STOPPED = 5
EXIT_HARNESS = 6
EXIT_NOT_MENDED = 7
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class DrillError(Exception):
    """An error that ends the command; its text is for the person at the terminal."""

    exit_code = EXIT_HARNESS


class UsageError(DrillError):
    """A wrong command line or an invalid drill: nothing was started.

    `problems` are whole lines, `file:line:column: what (did you mean …)`, all of them at once.
    """

    exit_code = EXIT_USAGE

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Missing:
    """One thing that a run needs and did not find, and the command that cures it here."""

    what: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.what}\n    cure: {self.cure}" if self.cure else self.what


class CannotRun(DrillError):
    """The run could not start, or had to end before anything was injected."""

    exit_code = EXIT_CANNOT_RUN

    def __init__(self, *missing: Missing | str) -> None:
        self.missing = tuple(m if isinstance(m, Missing) else Missing(m) for m in missing)
        super().__init__("\n".join(str(m) for m in self.missing))


class NotApplied(DrillError):
    """The world did not become what was wanted of it (an injection that could not be read back, a wedged proxy)."""


class NotThere(NotApplied):
    """What is to be read answers, and has nothing of that name: it may be made with the first that stands in it."""


class NotLetIn(NotApplied):
    """What is asked answers, and lets nobody in who has not what it asks for: a password, TLS or none, a certificate that is trusted."""


class DockerAway(NotApplied):
    """Docker did not answer at all; what it refuses is a plain NotApplied. What mends is tried again once it is back."""


class NotMended(DrillError):
    """A fault is still on; the text ends with the exact commands for a person (`commands`, one each)."""

    exit_code = EXIT_NOT_MENDED

    def __init__(self, what: str, commands: tuple[str, ...] = ()) -> None:
        super().__init__("\n    ".join((what, *commands)))
        self.what = what
        self.commands = commands


def unsaid(error: str, commands: tuple[str, ...]) -> tuple[str, ...]:
    """Of what a person can type where a fault is still on, what the text does not end with already."""
    return tuple(command for command in commands if command not in error)


class Signalled(BaseException):
    """A signal ends the command, as a KeyboardInterrupt does. A SystemExit is never ours: it comes out of code that drill calls,
    such as a part of the user's own, and its code says nothing of a drill."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def exit_code(error: BaseException) -> int:
    """The code that a command ends with because of this error; whatever nobody foresaw is an error of the harness."""
    if isinstance(error, (DrillError, Signalled)):
        return error.exit_code
    return EXIT_INTERRUPTED if isinstance(error, KeyboardInterrupt) else EXIT_HARNESS


def said(error: BaseException) -> str:
    """The error as one text for a person."""
    if isinstance(error, DrillError):
        return str(error)
    if isinstance(error, (KeyboardInterrupt, Signalled)):
        return "interrupted"
    return f"{type(error).__name__}: {error}"
