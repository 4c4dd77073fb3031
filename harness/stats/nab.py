"""The score of the Numenta Anomaly Benchmark: one number for how early a detector was, and how often for nothing.

It is for a trend over like runs alone. How long the windows are decides much of it, so scores of different drills do not
compare; and no threshold of it means anything.

Source: Lavin and Ahmad, Evaluating Real-time Anomaly Detection Algorithms: the Numenta Anomaly Benchmark, ICMLA 2015;
numenta/NAB, nab/sweeper.py and config/profiles.json.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

FAR = 3.0  # window lengths after a window from which on a false detection has nothing to do with it


@dataclass(frozen=True)
class Profile:
    """What a detection is worth at the earliest, and what a false one and a missed window cost."""

    name: str
    detected: float
    false: float
    missed: float


STANDARD = Profile("standard", 1.0, 0.11, 1.0)
PROFILES = (
    STANDARD,
    Profile("reward_low_FP_rate", 1.0, 0.22, 1.0),
    Profile("reward_low_FN_rate", 1.0, 0.11, 2.0),
)


@dataclass(frozen=True)
class Window:
    """A stretch in which there was something to detect, and when it was detected. Of many detections the first counts."""

    start: float
    end: float
    detections: tuple[float, ...] = ()

    @property
    def length(self) -> float:
        return self.end - self.start


def sigmoid(position: float) -> float:
    """The worth of a detection: near 1 at a window's beginning (-1), 0 at its end (0), near -1 a window's length after it (1)."""
    return -1.0 if position >= FAR else 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


def nab(windows: Sequence[Window], false: Sequence[float], profile: Profile, step: float = 0.0) -> float | None:
    """0 for a detector that says nothing, 100 for one that tells each window as it begins; less than 0 for false detections
    that outweigh what was found. None: there was no window, so nothing is to score.

    `false` are instants of detections that count for no window; `step` is how far apart instants are at which one can come.
    """
    if not windows:
        return None
    silent = -profile.missed * len(windows)
    perfect = profile.detected * len(windows)
    return 100.0 * (nab_raw(windows, false, profile, step) - silent) / (perfect - silent)


def nab_raw(windows: Sequence[Window], false: Sequence[float], profile: Profile, step: float = 0.0) -> float:
    """The score before it is normalised: the sum over windows and false detections."""
    return sum(_window(one, profile) for one in windows) + profile.false * sum(
        sigmoid(_after(at, windows, step)) for at in false
    )


def _window(window: Window, profile: Profile) -> float:
    if not window.detections:
        return -profile.missed
    first = min(window.detections)
    position = -(window.end - first) / window.length if window.length > 0 else -1.0
    return profile.detected * sigmoid(position) / sigmoid(-1.0)


def _after(at: float, windows: Sequence[Window], step: float) -> float:
    """How many of its lengths after the window that ended last a false detection comes."""
    ended = [window for window in windows if window.end <= at]
    last = max(ended, key=lambda window: window.end, default=None)
    if last is None or last.length <= step:
        return FAR
    return (at - last.end + step) / (last.length - step)
