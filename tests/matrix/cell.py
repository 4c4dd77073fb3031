"""A cell of a matrix: how one drill is run, what is changed before or meanwhile, and what must come of it. Frozen data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matrix.live import Live
    from matrix.project import Copy

OK, NOT, INVALID = "ok", "not", "invalid"
PASSED, FAILED, INCONCLUSIVE = "passed", "failed", "inconclusive"


@dataclass(frozen=True)
class Want:
    """What must be found: an outcome, its reason code ('' any) or another one that is as right, and words that stand in its sentence."""

    outcome: str
    reason: str = ""
    says: str = ""
    other: str = ""

    def __str__(self) -> str:
        said = f", saying “{self.says}”" if self.says else ""
        other = f" or {self.other}" if self.other else ""
        return f"{self.outcome} {self.reason}{other}".strip() + said

    def fits(self, found: Found) -> bool:
        known = self.reason in ("", found.reason) or (self.other and self.other == found.reason)
        return found.outcome == self.outcome and bool(known) and self.says in found.because


@dataclass(frozen=True)
class Found:
    """One finding of a verdict, or its absence: outcome ''."""

    outcome: str = ""
    reason: str = ""
    because: str = ""

    def __str__(self) -> str:
        return f"{self.outcome} {self.reason}".strip() or "absent"


@dataclass(frozen=True)
class Seen:
    """What a run came to.

    exit_code   of the command; None when it never ran
    findings    by id
    invalid     why the experiment did not happen as planned ('' when it did): no answer of the judge's is tested by it
    problems    what else was wrong, each in a sentence; none may be
    run         the run's folder name
    gone_s      of a run that was killed: seconds until nothing of it was left, by what `gone_by` tells: `watchdog`, from the death
                on and with no command typed; `mend`, the length of `drill mend`
    """

    exit_code: int | None
    findings: Mapping[str, Found] = field(default_factory=dict)
    invalid: str = ""
    problems: tuple[str, ...] = ()
    run: str = ""
    gone_s: float | None = None
    gone_by: str = ""


def nothing(copy: Copy) -> None:
    """The project as it is."""


@dataclass(frozen=True)
class Cell:
    """
    name      of the control, or of what is planted
    told      what is changed, for the table
    drill     the drill's name
    exit_code that `drill run` must end with; those in `also` are as right
    wants     what must be found, by the finding's id
    rest      outcomes that every other finding may have
    may_fail  findings that may also fail, or not be there: what a release that nobody took back leaves broken is little, and
              shows by chance
    times     how often it is played
    change    made to a copy of the project before the run
    act       done to the run while it goes
    options   of `drill run`
    environ   variables that the run gets
    phases    the drill is cut to these phases; () leaves it whole
    """

    name: str
    told: str
    drill: str
    exit_code: int
    wants: Mapping[str, Want] = field(default_factory=dict)
    rest: frozenset[str] = frozenset({PASSED})
    may_fail: tuple[str, ...] = ()
    times: int = 1
    change: Callable[[Copy], None] = nothing
    act: Callable[[Live], None] | None = None
    options: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    phases: tuple[str, ...] = ()
    also: frozenset[int] = frozenset()

    def may(self, name: str) -> frozenset[str]:
        """The outcomes that a finding may have."""
        if name in self.wants:
            return frozenset({self.wants[name].outcome})
        return self.rest | {FAILED, INCONCLUSIVE} if name in self.may_fail else self.rest

    @property
    def played(self) -> str:
        """Which drill it is, for the table."""
        return f"{self.drill} cut to {', '.join(self.phases)}" if self.phases else self.drill


TOLD_ALONE = tuple(
    f":(exclude){path}" for path in ("*.md", "harness/report", "harness/doctor", "harness/cli/explain.py")
)
"""Documents, and code that only tells what was found or prepares the machine."""


@dataclass(frozen=True)
class Table:
    """Cells that are told together. `made_of` are the paths (of git's pathspecs) whose change makes an old line stale: what decides
    how a run goes and what is found in it. `grid`: the page also has a table of what was changed against what each claim said."""

    name: str
    title: str
    told: str
    cells: tuple[Cell, ...]
    made_of: tuple[str, ...] = ("harness", "drills", "compose", "dashboards", *TOLD_ALONE)
    grid: bool = False

    def cell(self, name: str) -> Cell | None:
        return next((cell for cell in self.cells if cell.name == name), None)
