"""The run itself: its beginning and its clock, what it was about to do, its phases, and why it ended."""

from __future__ import annotations

from dataclasses import dataclass

from harness.facts.base import Fact


@dataclass(frozen=True, kw_only=True)
class Opened(Fact):
    """The run began; `monotonic_ns` (CLOCK_MONOTONIC) and `wall_unix_s` were read together at second 0.

    boot   the kernel's name for the time since the machine was started, with which that clock began; '' where it gives none
    """

    drill: str
    run: str
    wall_unix_s: float
    monotonic_ns: int
    version: str = ""
    format: int = 1
    boot: str = ""


@dataclass(frozen=True, kw_only=True)
class ClockRead(Fact):
    """Monotonic (`seen_s`) and wall clock read together, every second; a step of the wall clock shows here."""

    wall_unix_s: float


@dataclass(frozen=True, kw_only=True)
class Closed(Fact):
    """The run ended and everything was taken down; `left` lists what could not be removed."""

    left: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EvidenceSealed(Fact):
    """What the run holds beside its journal, once nobody writes to it any more: the SHA-256 of each file, by its path in the run's
    folder. What is judged later is held against it."""

    files: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class OnDisk(Fact):
    """How much of each file beside the journal was on the disk, written and synced: all that happened until `happened_s` stands in it.

    files   by path in the run's folder, of those that changed since the last such fact: bytes; of the ledger's rows, how many
    """

    files: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Asked(Fact):
    """Something is about to be done, written before the deed. `what`: stack_up, load, stack_down, restart, …"""

    step: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Done(Fact):
    step: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Failed(Fact):
    step: str
    error: str


@dataclass(frozen=True, kw_only=True)
class GateHeld(Fact):
    """The steady state held for as long as the drill asks; the first phase may begin.

    waited  what was waited for though the state was steady, and until when: a load that was late, alerts that Alertmanager had not
            heard of; '' where nothing was
    """

    detail: str = ""
    waited: str = ""


@dataclass(frozen=True, kw_only=True)
class GateMissed(Fact):
    """The steady state did not hold within its limit; nothing is injected."""

    detail: str


@dataclass(frozen=True, kw_only=True)
class PhaseBegan(Fact):
    phase: str


@dataclass(frozen=True, kw_only=True)
class PhaseEnded(Fact):
    """The phase's own length is over and its faults are mended; its `then` claims begin to count here."""

    phase: str


@dataclass(frozen=True, kw_only=True)
class PhaseSettled(Fact):
    """Every `then` of the phase is decided or late, and the stack held (`steady`) or did not hold its steady state again."""

    phase: str
    steady: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class GuardTripped(Fact):
    """A guard ended the drill. `detail` says it in a sentence.

    value, limit   what was seen against what the guard allows, as a person writes them; '' where it has none
    since_s        since when it was so, on the run's axis
    blind          it tripped because what it asks could not be looked at
    """

    guard: str
    detail: str
    value: str = ""
    limit: str = ""
    since_s: float | None = None
    blind: bool = False


@dataclass(frozen=True, kw_only=True)
class HaltAsked(Fact):
    by: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Interrupted(Fact):
    signal: str


@dataclass(frozen=True, kw_only=True)
class LeaseLapsed(Fact):
    """The harness had not renewed its lease of `lease_s` for `silent_s` while faults could be on: it stood still, or is `gone` (dead).

    Written by the watchdog, which took the faults out, and by a harness that came to again, which then ended the run.
    """

    lease_s: float
    silent_s: float
    gone: bool = False


@dataclass(frozen=True, kw_only=True)
class Refused(Fact):
    """The run ended before its first injection, because something that it needs is not so; exit 4."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Broke(Fact):
    """An error of the harness itself."""

    error: str
