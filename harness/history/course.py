"""How a drill's numbers went over its runs, and which stood out of the runs before them at the time. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.history.compare import unfit
from harness.history.numbers import (
    DETECTION,
    ERRORS,
    FALSE_ALARMS,
    P95,
    PAGE,
    RECOVERY,
    RESOLUTIONS,
    Number,
    numbers_of,
    of_a_request,
)
from harness.history.record import Record
from harness.history.standing_out import SHARE, standing_out

TOPICS = (DETECTION, PAGE, RECOVERY, FALSE_ALARMS, P95, ERRORS)
MOST_CURVES = 8  # of one topic; more nobody tells apart


@dataclass(frozen=True)
class Entry:
    """A run of the drill. `document` is its verdict.json, None where it has none; runs with the same `like` are each other's noise."""

    record: Record
    document: Mapping[str, Any] | None
    like: str


@dataclass(frozen=True)
class Curve:
    """A number over the runs: None where a run does not have it. `out` are the places at which it stood out of the runs before."""

    label: str
    numbers: tuple[Number | None, ...]
    out: tuple[int, ...]


@dataclass(frozen=True)
class Course:
    """
    entries   the runs, the oldest first
    topics    by topic, its curves; topics without any are left out. `hidden` how many of each are not shown
    out       (place of the run, what stood out in it), the newest first
    tested    how many of the runs had enough like runs before them to be tested
    """

    entries: tuple[Entry, ...]
    topics: Mapping[str, tuple[Curve, ...]]
    hidden: Mapping[str, int]
    out: tuple[tuple[int, tuple[str, ...]], ...]
    tested: int


def course(entries: Sequence[Entry], share: float = SHARE) -> Course:
    """Of runs from the oldest to the newest. Each is tested against the like runs before it alone, as it would have been when it was new."""
    played = [entry.document is not None and not unfit(entry.document) for entry in entries]
    numbers = [numbers_of(entry.document or {}) if ok else {} for entry, ok in zip(entries, played, strict=True)]
    before: defaultdict[str, list[dict[str, float]]] = defaultdict(list)
    out: list[tuple[int, tuple[str, ...]]] = []
    tested = 0
    for place, (entry, run) in enumerate(zip(entries, numbers, strict=True)):
        if not run:
            continue
        mine = {key: number.x for key, number in run.items()}
        noise = before[entry.like]
        kinds = {key: 0.0 for one in (*noise, mine) for key in one}
        least = {key: RESOLUTIONS[_scale(key, numbers)] for key in kinds}
        usual = standing_out(noise, mine, least, share)
        tested += bool(usual)
        if odd := tuple(key for key, one in usual.items() if one.stands_out):
            out.append((place, odd))
        noise.append(mine)
    topics, hidden = _topics(numbers, dict(out))
    return Course(tuple(entries), topics, hidden, tuple(reversed(out)), tested)


def _scale(key: str, numbers: Sequence[Mapping[str, Number]]) -> str:
    return next(run[key].scale for run in numbers if key in run)


def _topics(
    numbers: Sequence[Mapping[str, Number]], out: Mapping[int, tuple[str, ...]]
) -> tuple[dict[str, tuple[Curve, ...]], dict[str, int]]:
    known: dict[str, Number] = {}
    for run in reversed(numbers):  # the newest names first
        known |= {key: one for key, one in run.items() if key not in known}
    topics, hidden = {}, {}
    for topic in TOPICS:
        keys = [key for key, one in known.items() if one.topic == topic and not of_a_request(one)]
        curves = [
            Curve(
                _label(key, topic),
                tuple(run.get(key) for run in numbers),
                tuple(place for place, odd in out.items() if key in odd),
            )
            for key in keys
        ]
        if curves:
            topics[topic] = tuple(curves[:MOST_CURVES])
            hidden[topic] = len(curves) - len(topics[topic])
    return topics, hidden


def _label(key: str, topic: str) -> str:
    return key.removesuffix(f": {topic}").removesuffix(" measured").removesuffix(" false alarms")
