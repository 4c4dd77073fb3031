"""A run that a timer starts: whether it is due, what stands against it, and what is remembered of it when it does not begin."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from harness.errors import CannotRun, DrillError, said
from harness.run import turns
from harness.run.clear import unclear
from harness.schedule.dates import within
from harness.schedule.turn import Turn, missed, told, too_late, turn

if TYPE_CHECKING:
    from harness.drill.schedule import Scheduled
    from harness.run.announcing import Announcer

MOST_MISSED = 50
"""So many that did not happen are written down, the newest; a schedule that was forgotten for a year says no more with all of them."""


@dataclass
class Slot:
    """One drill's turn. `enter` and `clear` raise what stands against it; until the run has begun, `refused` writes that down.

    error    why it does not begin; None while nothing is known against it
    planned  the calendar itself has no run now (nothing due, or a skip day): nothing is wrong
    missed   the times before it at which nobody began it
    """

    drill: str
    runs: Path
    scheduled: Scheduled | None = None
    turn: Turn = field(default_factory=lambda: Turn("due"))
    missed: tuple[datetime, ...] = ()
    error: DrillError | None = None
    begun: bool = False
    announcer: Announcer | None = None

    @property
    def planned(self) -> bool:
        return self.turn.kind in ("not_due", "skipped")

    def enter(self) -> None:
        """Raises why it may not begin, as far as the calendar tells."""
        if self.error is not None:
            raise self.error

    def clear(self) -> None:
        """Once the stack is held, right before it begins: freeze, conditions, and its window again, for it may have waited."""
        if self.scheduled is None:
            return
        now = datetime.now(UTC)
        late = too_late(self.turn.at, self.scheduled.window_s, now) if self.turn.at else ""
        frozen = _frozen(self.scheduled, now)
        found = [one for one in (late, frozen) if one]
        for condition, folder in () if found else self.scheduled.clear_to_start:
            found += unclear([condition], folder)
        if found:
            raise CannotRun(*found)

    def refused(self, error: BaseException, say: Callable[[str], None]) -> None:
        """It did not begin: that is written down, and told to those who want to know. A run that began tells for itself."""
        if self.begun:
            return
        try:
            self.note(error)
        except CannotRun as full:
            say(f"warning: the refusal was not written down: {full}")
        if self.announcer is not None:
            with self.announcer as told:
                told.refused(error)

    def note(self, error: BaseException) -> None:
        """Write down why it did not begin, for `drill runs`. Raises CannotRun where the disk refuses."""
        reason = " | ".join(line.strip() for line in said(error).splitlines() if line.strip())
        turns.refused(self.runs, self.drill, reason, time.time())


def slot(drill: str, runs: Path, scheduled: Scheduled, now: datetime) -> Slot:
    """Take this drill's turn, and write down those before it that nobody took. Raises CannotRun where the disk refuses."""
    if scheduled.almanac is None:
        today = now.astimezone(ZoneInfo(scheduled.timezone)).date()
        skipped = within(scheduled.skip, today)
        taken = Turn("skipped", None, f"{today} is a skip day ({skipped})") if skipped else Turn("due")
        return Slot(drill, runs, scheduled, taken, error=CannotRun(taken.why) if skipped else None)
    almanac = scheduled.almanac
    decide: Callable[[datetime | None], Turn] = partial(turn, almanac, scheduled.window_s, now)
    taken, before = turns.take(runs, drill, str(almanac), decide, now)
    gone = missed(almanac, before, taken.at) if taken.at else ()
    for due in gone[-MOST_MISSED:]:
        reason = f"did not happen: nothing began it at its time, {told(due)}, and by {told(now.astimezone(almanac.zone))} nothing had"
        turns.refused(runs, drill, reason, due.timestamp())
    return Slot(drill, runs, scheduled, taken, gone, None if taken.kind == "due" else CannotRun(taken.why))


def _frozen(scheduled: Scheduled, now: datetime) -> str:
    """Why nothing runs today; '' when all may."""
    today = now.astimezone(ZoneInfo(scheduled.timezone)).date()
    if (frozen := within(scheduled.freeze, today)) is not None:
        return f"a freeze: {frozen} ([tool.drill.schedule] freeze)"
    file = scheduled.freeze_file
    if file is None:
        return ""
    try:
        first = next(iter(file.read_text(encoding="utf-8", errors="replace").splitlines()), "")
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"a freeze cannot be ruled out: {file} cannot be read: {error.strerror}"
    return f"a freeze: {first[:200] or 'no reason is given'} ({file})"
