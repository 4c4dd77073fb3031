"""What a check is, and what it saw: the contract of harness/doctor/checks/."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

State = Literal["ok", "note", "missing", "unseen"]
STATES: tuple[State, ...] = get_args(State)
Say = Callable[[str], object]
LOOK_S = 60.0
"""For one look of a check of the user's own, which may state more (`check_limit_s`); ours have limits within."""


@dataclass(frozen=True)
class Seen:
    """One look of one check.

    state   ok; note: hinders no run; missing: no run without it; unseen: what it looks through is missing
    what    what was found, in one line
    cure    the command, or the deed, that cures it here; '' when there is nothing to cure
    """

    check: str
    state: State
    what: str
    cure: str = ""


class Check(Protocol):
    """One thing that a run needs of this machine.

    name     the word that `drill doctor` prints
    needs    names of checks that must be ok before this one can look
    look()   looks, changes nothing, raises nothing
    fix(say) cures what it can and says each change before it makes it; errors.CannotRun says why it could not.
             Called only after look() found something missing; does nothing where the cure is a person's.
    """

    @property
    def name(self) -> str: ...
    @property
    def needs(self) -> tuple[str, ...]: ...
    def look(self) -> Seen: ...
    def fix(self, say: Say) -> None: ...
