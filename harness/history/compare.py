"""Two runs of one drill beside each other, and which of the differences stand out of the noise of the runs before. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.history.numbers import CLAIM, OUTCOME, RESOLUTIONS, Number, back, numbers_of, shown
from harness.history.standing_out import MOST_RUNS, SHARE, needed, standing_out

PLAYED = (0, 1, 3)  # exit codes of runs that were played to their end
WORSE, BETTER, CHANGED = "worse", "better", "changed"


@dataclass(frozen=True)
class Side:
    """One run: its verdict.json, and what it was run with, as {path: text} (options of the drill, images, machine)."""

    run: str
    document: Mapping[str, Any]
    ran_with: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A number in both runs. `usual` is where a run like those before has it, as text, '' where too few have it; `called` is worse, better,
    changed, or '' where it does not stand out. `enough` is whether that could be told; `runs` how many runs before have the number."""

    topic: str
    key: str
    older: Number | None
    newer: Number | None
    usual: str
    called: str
    enough: bool
    runs: int


@dataclass(frozen=True)
class Compared:
    """
    lines    every number of either run
    outcomes claims that came to something else: (id, in the older, in the newer)
    options  what they were run with that differs: (what, in the older, in the newer)
    earlier  how many like runs before the newer one were the noise, of the `needed`; `together` how many numbers were tested at once
    unfit    why the newer run's numbers were not tested: it was not played to its end as planned; ''
    share    of comparisons without a change, at most so many call one
    """

    older: Side
    newer: Side
    lines: tuple[Line, ...]
    outcomes: tuple[tuple[str, str, str], ...]
    options: tuple[tuple[str, str, str], ...]
    earlier: int
    needed: int
    together: int
    unfit: str
    share: float

    @property
    def enough(self) -> bool:
        return not self.unfit and self.earlier >= self.needed

    @property
    def called(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.called)

    @property
    def exit_code(self) -> int:
        """1 where something stands out that is worse, 3 where it could not be told, else 0."""
        if any(line.called == WORSE for line in self.lines):
            return 1
        return 0 if self.enough else 3


def compare(older: Side, newer: Side, before: Sequence[Mapping[str, Any]], share: float = SHARE) -> Compared:
    """
    before   verdict.json of the like runs before the newer one, the oldest first, the older run among them where it is like;
             those that were not played as planned are left out
    share    see harness.history.standing_out
    """
    noise = [numbers_of(document) for document in before if not unfit(document)][-MOST_RUNS:]
    left, right = numbers_of(older.document), numbers_of(newer.document)
    why = unfit(newer.document)
    # of the noise and the tested run alike, so that which numbers are tested does not depend on which run is
    kinds = {key: number for run in (*noise, right) for key, number in run.items()}
    least = {key: RESOLUTIONS[number.scale] for key, number in kinds.items()}
    plain = [{key: number.x for key, number in run.items()} for run in noise]
    usual = {} if why else standing_out(plain, {key: number.x for key, number in right.items()}, least, share)
    lines = []
    for key in {**left, **right}:
        number = right.get(key) or left[key]
        held = usual.get(key)
        span = "" if held is None else _span(number, held.low, held.high)
        out = held is not None and held.stands_out
        called = _called(number, right[key].x, held.low, held.high) if held is not None and out else ""
        runs = sum(key in run for run in noise)
        lines.append(Line(number.topic, key, left.get(key), right.get(key), span, called, held is not None, runs))
    return Compared(
        older,
        newer,
        tuple(lines),
        _changed(_outcomes(older.document), _outcomes(newer.document)),
        _changed(older.ran_with, newer.ran_with),
        len(noise),
        needed(share),
        len(usual),
        why,
        share,
    )


def unfit(document: Mapping[str, Any]) -> str:
    """Why a run's numbers say nothing of the service: it was not played to its end as planned; '' where they do."""
    invalid, ending = document.get("invalid"), document.get("ending")
    if isinstance(invalid, list) and invalid:
        return f"it is invalid: {invalid[0]}"
    if document.get("exit_code") not in PLAYED:
        return f"it was not played to its end (exit code {document.get('exit_code')})"
    if isinstance(ending, dict) and ending.get("gate") is False:
        return "its steady state never held"
    return ""


def _called(number: Number, x: float, low: float, high: float) -> str:
    """More is worse of every time, error and alarm; less is worse of an outcome; of another claim's measure it is not known."""
    if number.topic == CLAIM:
        return CHANGED
    return WORSE if (x < low if number.topic == OUTCOME else x > high) else BETTER


def _span(number: Number, low: float, high: float) -> str:
    if number.scale == "outcome":
        return ""
    return f"{shown(back(low, number.scale), number.unit)} to {shown(back(high, number.scale), number.unit)}"


def _outcomes(document: Mapping[str, Any]) -> dict[str, str]:
    findings = document.get("findings")
    known = [one for one in findings if isinstance(one, dict)] if isinstance(findings, list) else []
    return {str(one.get("id")): str(one.get("outcome")) for one in known}


def _changed(older: Mapping[str, str], newer: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (key, older.get(key, ""), newer.get(key, "")) for key in {**older, **newer} if older.get(key) != newer.get(key)
    )
