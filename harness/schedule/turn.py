"""Whether a run that is started now is due, and which ones before it did not happen. Pure: the time and the memory are given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from harness.quantities import numbered, spell
from harness.schedule.almanac import Almanac
from harness.schedule.dates import within

EARLY = timedelta(seconds=30)
"""The clock that starts it and the one that it reads may be two machines'."""
LATE = timedelta(hours=24)
"""Whatever starts later than this was not started for that time."""
Kind = Literal["due", "skipped", "late", "not_due"]


@dataclass(frozen=True)
class Turn:
    """
    kind     due; skipped (a skip day); late (later than its window); not_due (nothing is due now, or it was begun already)
    at       the time that it is about; None where it is about none
    why      the reason, where it is not due
    """

    kind: Kind
    at: datetime | None = None
    why: str = ""


def turn(almanac: Almanac, window_s: float, now: datetime, taken: datetime | None) -> Turn:
    """
    window_s   seconds after its time in which it may begin
    taken      the last time for which a run was begun, or refused; None when none is known
    """
    now = now.astimezone(UTC)
    back = max(LATE, timedelta(seconds=window_s))
    dues = list(almanac.without_skips().between(now - back, now + EARLY + timedelta(microseconds=1)))
    if not dues or (taken is not None and dues[-1] <= taken.astimezone(UTC)):
        begun = f"the run of {told(dues[-1])} was begun already; " if dues else "nothing is due now; "
        return Turn("not_due", None, f"{begun}{next_told(almanac, now)}")
    at = dues[-1]
    if (skipped := within(almanac.skip, at.date())) is not None:
        return Turn("skipped", at, f"{at.date()} is a skip day ({skipped}); {next_told(almanac, now)}")
    if late := too_late(at, window_s, now):
        return Turn("late", at, late)
    return Turn("due", at)


def too_late(at: datetime, window_s: float, now: datetime) -> str:
    """Why it may not begin any more; '' when it may."""
    late_s = (now.astimezone(UTC) - at.astimezone(UTC)).total_seconds()
    if late_s <= window_s:
        return ""
    return f"started {spell(round(late_s))} after its time, {told(at)}; its window is {spell(window_s)}"


def missed(almanac: Almanac, taken: datetime | None, at: datetime) -> tuple[datetime, ...]:
    """The times between two runs at which it was due and nobody began it. None where no run before is known."""
    if taken is None:
        return ()
    return tuple(due for due in almanac.between(taken, at) if due > taken.astimezone(UTC))


def told_missed(dues: tuple[datetime, ...]) -> str:
    """One sentence of those that did not happen, with where to look."""
    shown = ", ".join(told(due) for due in dues[-3:])
    more = f" and {len(dues) - 3} before" if len(dues) > 3 else ""
    return (
        f"{numbered(len(dues), 'run')} that should have been did not happen: {shown}{more}; "
        "look at what starts it (systemctl list-timers, crontab -l, kubectl get cronjobs)"
    )


def told(at: datetime) -> str:
    """Thu 2026-12-03 10:00 CET."""
    return at.strftime("%a %Y-%m-%d %H:%M %Z")


def next_told(almanac: Almanac, now: datetime) -> str:
    """When it is due next, for the end of a sentence."""
    following = almanac.next(now)
    return f"it is due next {told(following)}" if following else "it is never due again"
