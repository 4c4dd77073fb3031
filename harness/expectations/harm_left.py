"""The number that told a bad release's harm, once the release has left: whether it is still beyond its limit, and may stay so. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness import promql
from harness.expectations.band import Band, Look
from harness.expectations.base import Evidence
from harness.expectations.healed import Healed
from harness.expectations.release_story import ReleaseStory
from harness.journal import Journal

TOTALS = ("_total", "_count", "_sum", "_bucket")


@dataclass(frozen=True)
class HarmLeft:
    """
    look    the last of the window, beyond the limit
    open    nothing excuses it: no `healed` of the phase reads the same metric, it was not there before the release, and it could have come back
    """

    look: Look
    open: bool

    @property
    def cite(self) -> str:
        return self.look.worst.cite


def harm_may_be_told(evidence: Evidence, story: ReleaseStory, harm: Band, left_s: float) -> bool:
    """Whether answers of the time since the release has left may still come."""
    return not evidence.over and not harm.watched(evidence.journal, left_s, story.end_s)


def harm_left(evidence: Evidence, story: ReleaseStory, harm: Band, left_s: float) -> HarmLeft | None:
    """None where it is within its limit at the end, or nobody knows."""
    journal = evidence.journal
    last = _last(harm.looks(journal, left_s, story.end_s))
    if last is None or last.well is not False or not harm.watched(journal, left_s, story.end_s):
        return None
    before = _last(harm.looks(journal, 0.0, story.begun_s))
    fresh = last.at_s - harm.stale_s(journal, last.worst) > left_s
    taken_over = any(isinstance(claim, Healed) and _same(claim.harm, harm, journal) for claim in evidence.claims)
    there = before is not None and before.well is False
    return HarmLeft(last, fresh and not taken_over and not there and _comes_back(harm, journal))


def _last(looks: Iterable[Look]) -> Look | None:
    return next(iter(list(looks)[-1:]), None)


def _comes_back(harm: Band, journal: Journal) -> bool:
    """A total never falls, unless it is its rate that is asked for; of a recording rule that nobody has seen nobody knows."""
    try:
        named = [(_name(one), one.counted) for one in harm.course(journal).readings]
    except ValueError:
        return False
    return not any(":" in name.partition("{")[0] or (name.endswith(TOTALS) and not counted) for name, counted in named)


def _same(one: Band, other: Band, journal: Journal) -> bool:
    """Whether both read a metric in common."""
    if one.query == other.query:
        return True
    try:
        mine, theirs = ({_name(reading) for reading in band.course(journal).readings} for band in (one, other))
    except ValueError:
        return False
    return bool(mine & theirs)


def _name(reading: promql.Reading) -> str:
    """The metric's, or the selector itself where it names none."""
    return promql.metric_of(promql.parsed(reading.selector)) or reading.selector
