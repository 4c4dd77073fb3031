"""What a person on call said and did. Each writes a record of their own, chained line by line (harness/chain.py)."""

from __future__ import annotations

from dataclasses import dataclass

from harness.facts.base import Fact


@dataclass(frozen=True, kw_only=True)
class Acknowledged(Fact):
    """Somebody took a page on: `alert` is which, '' whatever it was."""

    by: str
    alert: str = ""


@dataclass(frozen=True, kw_only=True)
class Noted(Fact):
    """What somebody wrote down. `kind`: observe (what they see), hypothesis (what they believe), decide, act."""

    by: str
    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Executing(Fact):
    """Somebody began a command with `drill exec`; `command` is its words, secrets masked."""

    by: str
    command: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Executed(Fact):
    """It ended. Of the same record as its Executing, which was seen at `begun_s`.

    exit_code    as the shell has it (128 + the signal's number); None when it could not be started, and `detail` says why
    output       the tail of what it wrote on both streams, secrets masked; `sha256` is of all `size` bytes, as they were written
    """

    begun_s: float
    exit_code: int | None = None
    detail: str = ""
    output: str = ""
    sha256: str = ""
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Sealed(Fact):
    """The run has read somebody's record up to its line number `lines`, whose hash is `sha256`."""

    record: str
    lines: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class RecordBroken(Fact):
    """Found when a run's folder is read: somebody's record is not as it was written. In no file; `why` says what is wrong."""

    why: str
