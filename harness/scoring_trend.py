"""A run's alerts as three numbers of the literature, to be held against earlier runs of the same drill. They decide nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.alerting import Episode
from harness.scoring import PRE_EXISTING, Score, Trouble
from harness.stats.nab import PROFILES, Window, nab
from harness.stats.ranges import Matched, Span, range_precision, range_recall


@dataclass(frozen=True)
class Trend:
    """Each is None where there was nothing to score: a run without a trouble, or without an alert, is no good detector's.

    recall      how soon, how long and how unbroken alerts that were meant told of the troubles, 0 to 1
    precision   how much of what alerts told lay in a trouble, or the grace after it, that they may tell of, 0 to 1
    nab         by profile, the score of the Numenta Anomaly Benchmark: 0 is silence, 100 an alert as each trouble begins
    """

    recall: float | None
    precision: float | None
    nab: Mapping[str, float | None]


def trend(
    troubles: Sequence[Trouble], episodes: Sequence[Episode], scored: Score, end_s: float, every_s: float
) -> Trend:
    """Of a run whose load ended at end_s, and whose alerts were evaluated every_s.

    As in `scored`, a trouble of which no alert was meant to tell, or for which one fired already, cannot be detected; alerts
    that began before the run's own window are in no `episodes`.
    """
    counted = [t for t in troubles if scored.told.get(t.name, PRE_EXISTING) != PRE_EXISTING and t.start_s < end_s]
    return Trend(
        range_recall([_told(trouble, episodes, end_s) for trouble in counted]),
        range_precision([_meant(episode, troubles, end_s) for episode in episodes]),
        _nab(counted, episodes, scored, end_s, every_s),
    )


def _told(trouble: Trouble, episodes: Sequence[Episode], end_s: float) -> Matched:
    """A trouble with the alerts that were meant to tell of it."""
    return (trouble.start_s, min(trouble.end_s, end_s)), [_fired(one, end_s) for one in episodes if trouble.meant(one)]


def _meant(episode: Episode, troubles: Sequence[Trouble], end_s: float) -> Matched:
    """An alert with the troubles that it may tell of, and the grace after them."""
    mine = [trouble for trouble in troubles if trouble.meant(episode) or trouble.allowed(episode)]
    return _fired(episode, end_s), [(t.start_s, min(t.settled_s, end_s)) for t in mine if t.start_s < end_s]


def _nab(
    counted: Sequence[Trouble], episodes: Sequence[Episode], scored: Score, end_s: float, every_s: float
) -> dict[str, float | None]:
    """False are false alarms, collateral, and what tells of a trouble only in the grace after it."""
    windows, false = [], [episode.from_s for episode in (*scored.false, *scored.collateral)]
    for trouble in counted:
        meant = [episode.from_s for episode in episodes if trouble.meant(episode)]
        stops_s = min(trouble.end_s, end_s)
        windows.append(Window(trouble.start_s, stops_s, tuple(at for at in meant if trouble.start_s <= at <= stops_s)))
        false += [at for at in meant if stops_s < at <= trouble.settled_s]
    return {profile.name: nab(windows, false, profile, every_s) for profile in PROFILES}


def _fired(episode: Episode, end_s: float) -> Span:
    return episode.from_s, min(episode.until_s, end_s)
