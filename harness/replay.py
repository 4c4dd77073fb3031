"""An alert's rule tried again on recorded series, as the files that promtool tests: once with the history that this run had,
once with a full window of clean history before the fault, as production has it. Pure.

A Prometheus that was just started knows T0 seconds. A ratio over W seconds is then one over T0: at an error ratio e and a
threshold th it crosses after th·T0/(e−th), where in production it takes th·W/e. Nothing that is done to the running
Prometheus mends that, so the samples are laid on a fresh axis behind samples that were never scraped: each series goes on
backwards as it went before the fault, a counter at its rate of then, everything else as it stood.

Samples are laid on the slots of the scrape's interval, and all groups are evaluated one after another at the alert's: what
comes out is known to a scrape and an evaluation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from harness.facts import RuleSeen
from harness.promql import Course

MOST_EVALUATIONS = 20_000
MOST_SAMPLES = 2_000_000
MISSING = 3  # slots: what has given no sample for so long has ended, and does not go on
CALM_S = 30.0  # at most so much of the fault's end tells how it would have gone on

Points = Sequence[tuple[float, float | None]]


@dataclass(frozen=True)
class Recorded:
    """A series as it was scraped, `points` as (time on the run's axis, value; None for NaN), ascending."""

    labels: Mapping[str, str]
    points: Points
    counted: bool = False


@dataclass(frozen=True)
class Times:
    """Of one phase, on the run's axis: the fault from effect_s, recorded until end_s; a clean stretch before it."""

    clean_from_s: float
    clean_to_s: float
    effect_s: float
    end_s: float


@dataclass(frozen=True)
class Trial:
    """One file for promtool: when the fault begins in it, and until when it goes, in s from its own beginning."""

    name: str
    text: str
    effect_s: float
    end_s: float


def trials(course_: Course, series: Sequence[Recorded], times: Times, scrape_s: float) -> tuple[Trial, Trial]:
    """The file with the history as it was recorded, and the one with a full history and a fault that goes on.

    Raises ValueError for what is too long to be tried.
    """
    every_s = course_.alert.interval_s or scrape_s
    history_s = scrape_s * (math.ceil((course_.window_s + course_.alert.for_s) / scrape_s) + 2)
    goes_on_s = scrape_s * math.ceil((course_.window_s + course_.alert.for_s + 2 * every_s) / scrape_s)
    first_s = min((one.points[0][0] for one in series if one.points), default=times.effect_s)
    before_s = scrape_s * math.ceil(max(0.0, times.effect_s - first_s) / scrape_s)
    recorded_s = times.end_s - times.effect_s
    length_s = history_s + recorded_s + goes_on_s
    if length_s / every_s > MOST_EVALUATIONS or len(series) * length_s / scrape_s > MOST_SAMPLES:
        raise ValueError(f"it looks back over {course_.window_s:g} s: too far to be tried at {every_s:g} s")
    asked = (course_, times, scrape_s)
    as_was = [(one.labels, _as_recorded(one, times, scrape_s, before_s)) for one in series]
    as_in_production = [(one.labels, _with_history(one, times, scrape_s, history_s, goes_on_s)) for one in series]
    return (
        _trial("rehearsal", asked, as_was, before_s, before_s + recorded_s),
        _trial("production", asked, as_in_production, history_s, length_s),
    )


def rules_file(course_: Course) -> str:
    """The rules in their groups, those first that others stand on."""
    import yaml

    groups = [
        {
            "name": name,
            "rules": [
                {
                    ("alert" if rule.kind == "alerting" else "record"): rule.rule,
                    "expr": rule.expr,
                    **({"labels": dict(rule.labels)} if rule.labels else {}),
                    **({"for": _ms(rule.for_s)} if rule.for_s else {}),
                    **({"keep_firing_for": _ms(rule.keep_firing_s)} if rule.keep_firing_s else {}),
                }
                for rule in course_.rules
                if _group(rule) == name
            ],
        }
        for name in _groups(course_)
    ]
    text: str = yaml.safe_dump({"groups": groups}, sort_keys=False, width=10**6)
    return text


def asking(trial: Trial, alert: str, labels: Mapping[str, str], every_s: float) -> Trial:
    """The trial with the one question that it answers: when such an alert first fires after the fault."""
    import yaml

    inner = ",".join(
        f'{name}="{_escaped(value)}"' for name, value in {"alertname": alert, "alertstate": "firing", **labels}.items()
    )
    since = _ms(trial.end_s - trial.effect_s)
    question = {
        "expr": f"min_over_time(timestamp(ALERTS{{{inner}}})[{since}:{_ms(every_s)}])",
        "eval_time": _ms(trial.end_s),
        "exp_samples": [],
    }
    data = yaml.safe_load(trial.text)
    data["tests"][0]["promql_expr_test"] = [question]
    return replace(trial, text=yaml.safe_dump(data, sort_keys=False, width=10**6))


def answers(output: str, trials_: Sequence[Trial]) -> list[float | None]:
    """From promtool's words, for each trial when the alert fired, in s after the fault; None where it did not.

    The question expects nothing, so a rule that fires makes the test fail, and what promtool got is the answer. It says in one
    place which tests passed and in another which failed: their questions tell them apart. Raises ValueError with its words
    where it could not try.
    """
    failed = re.split(r"^ *FAILED: *$", output, flags=re.MULTILINE)[1:]
    if len(failed) + len(re.findall(r"^ *SUCCESS *$", output, re.MULTILINE)) != len(trials_):
        raise ValueError(" ".join(output.split())[:300] or "promtool said nothing")
    found: list[float | None] = []
    for trial in trials_:
        mine = next((text for text in failed if f"[{_ms(trial.end_s - trial.effect_s)}:" in text), None)
        if mine is None:
            found.append(None)
            continue
        got = re.findall(r"\} ([0-9.]+(?:E[+-]?\d+)?)", mine.partition("got:")[2])
        if not got:
            raise ValueError(" ".join(mine.split())[:300])
        found.append(round(min(map(float, got)) - trial.effect_s, 3))
    return found


def _trial(
    name: str,
    asked: tuple[Course, Times, float],
    series: Sequence[tuple[Mapping[str, str], str]],
    effect_s: float,
    end_s: float,
) -> Trial:
    import yaml

    course_, _, scrape_s = asked
    data = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": _ms(course_.alert.interval_s or scrape_s),
        "group_eval_order": list(_groups(course_)),
        "tests": [
            {
                "interval": _ms(scrape_s),
                "input_series": [{"series": _named(labels), "values": values} for labels, values in series if values],
            }
        ],
    }
    return Trial(name, yaml.safe_dump(data, sort_keys=False, width=10**6), effect_s, end_s)


def _as_recorded(one: Recorded, times: Times, scrape_s: float, before_s: float) -> str:
    """The samples until the end, on slots from the first sample of all."""
    points = [point for point in one.points if point[0] <= times.end_s]
    return " ".join(
        _slots(points, times.effect_s - before_s, scrape_s, _count(before_s + times.end_s - times.effect_s, scrape_s))
    )


def _with_history(one: Recorded, times: Times, scrape_s: float, history_s: float, goes_on_s: float) -> str:
    """Clean history, then the samples from the fault on, then more of the same. A series that was not there before has none."""
    before = [point for point in one.points if point[0] < times.effect_s]
    part = [point for point in one.points if times.effect_s <= point[0] <= times.end_s]
    slots = _count(history_s, scrape_s)
    last = before[-1][1] if before else None
    words = [f"_x{slots}"]
    if last is not None and times.effect_s - before[-1][0] <= MISSING * scrape_s:
        clean = [point for point in before if times.clean_from_s <= point[0] <= times.clean_to_s]
        step = (_per_s(clean) or _per_s(before) or 0.0) * scrape_s if one.counted else 0.0
        top = max(last, step * (slots - 1)) if one.counted else last
        words = [_rising(max(0.0, top - step * (slots - 1)) if one.counted else top, step, slots)]
        part = _lifted(part, top - last, last) if one.counted else part
    words += _slots(part, times.effect_s, scrape_s, _count(times.end_s - times.effect_s, scrape_s))
    return " ".join([*words, *_going_on(part, one.counted, times, scrape_s, goes_on_s)])


def _lifted(points: Points, by: float, before: float) -> list[tuple[float, float | None]]:
    """A counter's samples on top of a longer history; after it began anew they stand as they were."""
    made: list[tuple[float, float | None]] = []
    for at_s, value in points:
        if value is not None and value < before:
            by = 0.0
        before = before if value is None else value
        made.append((at_s, None if value is None else value + by))
    return made


def _going_on(points: Points, counted: bool, times: Times, scrape_s: float, goes_on_s: float) -> list[str]:
    """A series that was there at the end goes on as in the fault's last seconds."""
    slots = _count(goes_on_s, scrape_s)
    if not points or points[-1][1] is None or times.end_s - points[-1][0] > MISSING * scrape_s or slots < 1:
        return []
    since_s = times.end_s - max(MISSING * scrape_s, min(CALM_S, (times.end_s - times.effect_s) / 2))
    step = (_per_s([point for point in points if point[0] >= since_s]) or 0.0) * scrape_s if counted else 0.0
    return [_rising(points[-1][1] + step, step, slots)]


def _slots(points: Points, origin_s: float, scrape_s: float, slots: int) -> list[str]:
    """A word for each slot: its sample, `_` for one missed, `stale` at the first of several, as Prometheus marks it."""
    if not points:
        return ["_"] * slots
    first = math.floor((points[0][0] - origin_s) / scrape_s)
    values = {first + round((at_s - points[0][0]) / scrape_s): value for at_s, value in points}
    words = []
    for slot in range(slots):
        if slot in values:
            value = values[slot]
            words.append("NaN" if value is None else _number(value))
        else:
            gone = slot - 1 in values and slot + 1 not in values
            words.append("stale" if gone else "_")
    return words


def _rising(first: float, step: float, count: int) -> str:
    """So many samples, each higher than the one before by the step."""
    return f"{_number(first)}+{_number(step)}x{count - 1}"


def _number(value: float) -> str:
    """Exactly, and without an exponent."""
    return format(Decimal(repr(value)), "f") if math.isfinite(value) else f"{value}".replace("inf", "Inf")


def _per_s(points: Points) -> float | None:
    """A counter's rate, from its first to its last sample; None for too few of them."""
    known = [(at_s, value) for at_s, value in points if value is not None]
    if len(known) < 2:
        return None
    risen = sum(now - before if now >= before else now for (_, before), (_, now) in pairwise(known))
    return risen / (known[-1][0] - known[0][0])


def _count(length_s: float, scrape_s: float) -> int:
    return max(0, math.ceil(round(length_s / scrape_s, 6)))


def _groups(course_: Course) -> dict[str, None]:
    return dict.fromkeys(_group(rule) for rule in course_.rules)


def _group(rule: RuleSeen) -> str:
    return rule.group or "rules"


def _named(labels: Mapping[str, str]) -> str:
    inner = ", ".join(f'{name}="{_escaped(value)}"' for name, value in sorted(labels.items()) if name != "__name__")
    return f"{labels.get('__name__', '')}{{{inner}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _ms(length_s: float) -> str:
    return f"{round(1000 * length_s)}ms"
