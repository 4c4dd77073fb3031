"""The checks of the user's own, beside ours: one that raises, ends the process or does not end was not made, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.apart import Overran, Untold, called
from harness.doctor.checks import CHECKS
from harness.doctor.examine import look
from harness.doctor.seen import LOOK_S, STATES, Check, Say, Seen
from harness.errors import CannotRun, Missing
from harness.parts import in_use


@dataclass(frozen=True)
class _Guarded:
    check: Check

    @property
    def name(self) -> str:
        return self.check.name

    @property
    def needs(self) -> tuple[str, ...]:
        return self.check.needs

    def look(self) -> Seen:
        limit_s = getattr(self.check, "check_limit_s", LOOK_S)
        try:
            seen = called(self.check.look, limit_s)
        except Overran:
            what = f"the check itself did not end within {limit_s:g} s"
            return Seen(self.name, "missing", what, "a look that comes to an end, or more time for it (check_limit_s)")
        except Untold as error:
            return Seen(self.name, "missing", f"the check itself failed: {error}")
        except (Exception, SystemExit) as error:
            return Seen(self.name, "missing", f"the check itself failed: {type(error).__name__}: {error}")
        if not isinstance(seen, Seen):
            return Seen(
                self.name, "missing", f"the check itself failed: look() returned {type(seen).__name__}, not Seen"
            )
        if seen.state not in STATES:
            what = f"the check itself failed: its state is {seen.state!r}, which is none of {', '.join(STATES)}"
            return Seen(self.name, "missing", what, seen.cure)
        return seen

    def fix(self, say: Say) -> None:
        try:
            self.check.fix(say)
        except CannotRun:
            raise
        except (Exception, SystemExit) as error:
            raise CannotRun(Missing(f"its cure failed: {type(error).__name__}: {error}")) from error


def own() -> tuple[Check, ...]:
    """Those of the parts that are in use."""
    return tuple(_Guarded(check) for check in in_use.of_kind("check"))


def all_checks() -> tuple[Check, ...]:
    """Ours first."""
    return (*CHECKS, *own())


def preflight(say: Say) -> None:
    """Make one's own checks before a run. Raises CannotRun with all that is missing; says what hinders no run, a line each."""
    seen: Sequence[Seen] = look([_Alone(check.check) for check in own() if isinstance(check, _Guarded)])
    for one in seen:
        if one.state == "note":
            say(f"warning: {one.what}")
    if missing := [one for one in seen if one.state in ("missing", "unseen")]:
        raise CannotRun(*(Missing(one.what, one.cure) for one in missing))


class _Alone(_Guarded):
    """What it needs of ours was looked at before: a run has come so far only where all of that is there."""

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(name for name in self.check.needs if name not in {check.name for check in CHECKS})
