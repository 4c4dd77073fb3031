"""Alerts scored as events against the faults that were injected: detected, late, missed, collateral, false, flapping. Pure.

Never point by point: one hit would count a whole fault as detected, and an alerter that fires at random would look perfect.
Sources: Clopper and Pearson 1934 for shares of few; Garwood 1936 for the rate of a Poisson process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.alerting import Episode
from harness.stats import clopper_pearson

CONFIDENCE = 0.95
ONE_EVALUATION_S = 0.1
"""What is told of one evaluation is not further apart: an alert with a new label begins where that with the old one ends."""
DETECTED, LATE, MISSED, PRE_EXISTING = "detected", "late", "missed", "pre_existing"


class Fired(Protocol):
    """An alert that began to fire, whoever made it."""

    @property
    def from_s(self) -> float: ...


def nothing(episode: Episode) -> bool:
    """No alert is meant."""
    return False


def itself(episode: Episode) -> object:
    """An alert with other labels is another one."""
    return episode.identity


@dataclass(frozen=True)
class Trouble:
    """A stretch in which somebody should be told. Times on the run's axis, in s.

    start_s, end_s   from the fault to its mend; deadline_s is until when an alert is in time
    settled_s        until when its alerts may still fire: the mend and the grace after it
    meant, allowed   which alerts should tell of it, and which others may
    foreseen         which of them would have come without it
    """

    name: str
    start_s: float
    end_s: float
    settled_s: float
    deadline_s: float
    meant: Callable[[Episode], bool] = nothing
    allowed: Callable[[Episode], bool] = nothing
    foreseen: Callable[[Episode], bool] = nothing


@dataclass(frozen=True)
class Score:
    """
    told         by trouble: detected, late, missed or pre_existing; one of which no alert was meant to tell is not in it
    flaps        by trouble: how often an alert that was meant fired anew in it
    collateral   alerts that began in a trouble without being meant or allowed in it
    false        alerts that began where there was no trouble
    """

    told: Mapping[str, str]
    flaps: Mapping[str, int]
    collateral: tuple[Episode, ...]
    false: tuple[Episode, ...]

    @property
    def counted(self) -> int:
        """Troubles that could be detected: what told of them would not have come without them."""
        return sum(1 for word in self.told.values() if word != PRE_EXISTING)

    @property
    def detected(self) -> int:
        return sum(1 for word in self.told.values() if word == DETECTED)

    @property
    def recall(self) -> tuple[float, float]:
        """The share of troubles that are detected in time, as an interval."""
        return clopper_pearson(self.detected, self.counted, CONFIDENCE)


def score(
    troubles: Sequence[Trouble], episodes: Sequence[Episode], same: Callable[[Episode], object] = itself
) -> Score:
    """Counts first; `same` is equal for episodes of one alert. An alert that fires over two troubles is judged by the one in which it began."""
    told, flaps = {}, {}
    collateral: list[Episode] = []
    false: list[Episode] = []
    for trouble in troubles:
        mine = [episode for episode in episodes if trouble.meant(episode)]
        if trouble.meant is not nothing:
            told[trouble.name] = _told(trouble, mine)
            flaps[trouble.name] = flaps_in(mine, trouble.start_s, trouble.settled_s, same)
    for episode in episodes:
        around = within(troubles, episode)
        if not around:
            false.append(episode)
        elif not any(trouble.meant(episode) or trouble.allowed(episode) for trouble in around):
            collateral.append(episode)
    return Score(told, flaps, tuple(collateral), tuple(false))


def within(troubles: Sequence[Trouble], fired: Fired) -> list[Trouble]:
    """The troubles, with the grace after them, in which an alert began to fire."""
    return [trouble for trouble in troubles if trouble.start_s <= fired.from_s <= trouble.settled_s]


def flaps_in(
    episodes: Sequence[Episode], start_s: float, end_s: float, same: Callable[[Episode], object] = itself
) -> int:
    """How often one and the same alert fired anew in [start_s, end_s], over all alerts: after an evaluation at which none of its
    episodes fired."""
    again = 0
    until_s: dict[object, float] = {}
    for episode in sorted(episodes, key=lambda one: one.from_s):
        if episode.from_s <= end_s and episode.until_s > start_s:
            alert = same(episode)
            again += until_s.get(alert, math.inf) + ONE_EVALUATION_S < episode.from_s
            until_s[alert] = max(episode.until_s, until_s.get(alert, -math.inf))
    return again


def most_per_hour(k: int, watched_s: float, confidence: float = CONFIDENCE) -> float:
    """The rate that k events in so long a time exclude: at or above it so few would be seen less often than 1 - confidence."""
    from scipy.stats import chi2

    return float(chi2.ppf(confidence, 2 * (k + 1)) / 2 / (watched_s / 3600.0))


def least_per_hour(k: int, watched_s: float, confidence: float = CONFIDENCE) -> float:
    """The same from below: at or under this rate so many would be seen less often than 1 - confidence."""
    from scipy.stats import chi2

    return float(chi2.ppf(1 - confidence, 2 * k) / 2 / (watched_s / 3600.0)) if k else 0.0


def _told(trouble: Trouble, mine: Sequence[Episode]) -> str:
    if any(episode.fires_at(trouble.start_s) and episode.from_s < trouble.start_s for episode in mine):
        return PRE_EXISTING
    begun = [episode for episode in mine if trouble.start_s <= episode.from_s <= trouble.end_s]
    fresh = [episode for episode in begun if not trouble.foreseen(episode)]
    if any(episode.from_s <= trouble.deadline_s for episode in fresh):
        return DETECTED
    if len(fresh) < len(begun):
        return PRE_EXISTING
    return LATE if begun else MISSED
