"""What a planted lie is: its variable, what it does, and what must be found because of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from matrix.cell import PASSED, Cell, Want

TIMES, HONEST_TIMES = 2, 5
FAILED_RUN = 1


@dataclass(frozen=True)
class Lie:
    """
    wants    by the finding's id, what is found because of it alone
    touches  other findings that may fail or stay open because of it: whether it shows there is chance
    """

    variable: str
    told: str
    wants: Mapping[str, Want] = field(default_factory=dict)
    touches: tuple[str, ...] = ()


def cell(drill: str, name: str, *lies: Lie, rest: frozenset[str] = frozenset({PASSED})) -> Cell:
    """A run with these lies, of different systems: no two of them may be found by the same claim."""
    wants = {found: want for lie in lies for found, want in lie.wants.items()}
    if len(wants) != sum(len(lie.wants) for lie in lies):
        raise ValueError(f"{name}: two lies of one claim")
    told = "; ".join(f"`{lie.variable}`: {lie.told}" for lie in lies)
    environ = {lie.variable: "1" for lie in lies}
    touched = tuple(found for lie in lies for found in lie.touches)
    return Cell(name, told, drill, FAILED_RUN, wants=wants, rest=rest, may_fail=touched, times=TIMES, environ=environ)


def honest(drill: str) -> Cell:
    return Cell(f"honest {drill}", "nothing", drill, exit_code=0, times=HONEST_TIMES)
