"""An alert's rule tried again on recorded series, as the files that promtool tests: once with the history that this run had,
once with a full window of clean history before the fault, as production has it. Pure.

A Prometheus that was just started knows T0 seconds. A ratio over W seconds is then one over T0: at an error ratio e and a
threshold th it crosses after th·T0/(e−th), where in production it takes th·W/e. Nothing that is done to the running
Prometheus mends that, so the samples are laid on a fresh axis behind samples that were never scraped: each series goes on
backwards as it went before the fault, a counter at its rate of then, everything else as it stood (`replay_series`).

All groups are evaluated one after another at the alert's interval: what comes out is known to a scrape and to the interval of
each group. The fresh axis begins at Unix 0: a rule that reads the clock cannot be tried on it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.alerting import NO_LABELS, varying
from harness.facts import RuleSeen
from harness.promql import Course, clock
from harness.replay_series import Recorded, Times, as_recorded, with_history

MOST_EVALUATIONS = 20_000
MOST_SAMPLES = 2_000_000
_SAYS = """# The fault begins at {effect} s. It expects nothing, so that what it "got" is the second in which the alert fired.
"""
HELD = -1  # stands for the time of an alert that held before the fault, where none fired anew


@dataclass(frozen=True)
class Trial:
    """One file for promtool: when the fault begins in it, and until when it goes, in s from its own beginning."""

    name: str
    text: str
    effect_s: float
    end_s: float


@dataclass(frozen=True)
class Fired:
    """What a trial answered: when such an alert fired anew, in s after the fault (None: it did not); and, where none did, whether
    one fired or was pending before the fault already."""

    after_s: float | None
    held: bool = False


def trials(
    course_: Course, series: Sequence[Recorded], times: Times, slot_s: float, labels: Mapping[str, str] = NO_LABELS
) -> tuple[Trial, Trial]:
    """The file with the history as it was recorded, and the one with a full history and a fault that goes on; each asks for an alert
    with these labels.

    Raises ValueError for what cannot be tried, and for what is too long to be.
    """
    for said in (*_by_the_clock(course_), *_drifting(series, times)):
        raise ValueError(said)
    every_s, alert = every_of(course_, slot_s), course_.alert
    slowest_s = max((one.spacing_s or slot_s for one in series), default=slot_s)
    waits_s = course_.window_s + alert.for_s
    history_s = slot_s * math.ceil(round((waits_s + alert.keep_firing_s + 2 * slowest_s) / slot_s, 6))
    cut_s = times.end_s - times.lasts_s
    goes_on_s = slot_s * math.ceil((waits_s + 2 * every_s + cut_s) / slot_s)
    first_s = min((one.points[0][0] for one in series if one.points), default=times.effect_s)
    before_s = slot_s * math.ceil(max(0.0, times.effect_s - first_s) / slot_s)
    recorded_s = times.end_s - times.effect_s
    length_s = history_s + recorded_s - cut_s + goes_on_s
    samples = sum(length_s / (one.spacing_s or slot_s) for one in series)
    if length_s / every_s > MOST_EVALUATIONS or samples > MOST_SAMPLES:
        raise ValueError(f"it looks back over {course_.window_s:g} s: too far to be tried at {every_s:g} s")
    asked = _Asked(course_, labels, slot_s)
    as_was = [(one.labels, as_recorded(one, times, slot_s, before_s)) for one in series]
    as_in_production = [(one.labels, with_history(one, times, slot_s, history_s, goes_on_s)) for one in series]
    return (
        asked.trial("rehearsal", as_was, before_s, before_s + recorded_s),
        asked.trial("production", as_in_production, history_s, length_s),
    )


def every_of(course_: Course, slot_s: float) -> float:
    """How often the alert's rule is evaluated; as often as its series are scraped where that is not told."""
    return course_.alert.interval_s or slot_s


def _by_the_clock(course_: Course) -> list[str]:
    read = [(rule.rule, clock(rule.expr)) for rule in course_.rules]
    return [f"{rule} reads the clock ({what}), which is another when it is replayed" for rule, what in read if what]


def _drifting(series: Sequence[Recorded], times: Times) -> list[str]:
    """Nothing tells how such a series was before: a counter's rate is known, and what stood is taken to have stood."""
    return [
        f"{one.name} moved one way all the time before the fault, and nothing says that it is a counter"
        for one in series
        if one.looks_back and not one.counter and one.drifts(times)
    ]


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


def answers(output: str, trials_: Sequence[Trial]) -> list[Fired]:
    """From promtool's words, what each trial answered.

    The question expects nothing, so a rule that fires makes the test fail, and what promtool got is the answer. It says in one
    place which tests passed and in another which failed: their questions tell them apart. Raises ValueError with its words
    where it could not try.
    """
    failed = re.split(r"^ *FAILED: *$", output, flags=re.MULTILINE)[1:]
    if len(failed) + len(re.findall(r"^ *SUCCESS *$", output, re.MULTILINE)) != len(trials_):
        raise ValueError(" ".join(output.split())[:300] or "promtool said nothing")
    found: list[Fired] = []
    for trial in trials_:
        mine = next((text for text in failed if f"[{_ms(trial.end_s - trial.effect_s)}:" in text), None)
        if mine is None:
            found.append(Fired(None))
            continue
        got = re.search(r"\{\} (-?[0-9.]+(?:E[+-]?\d+)?)", mine.partition("got:")[2])
        if not got:
            raise ValueError(" ".join(mine.split())[:300])
        held = float(got[1]) == HELD
        found.append(Fired(None if held else round(float(got[1]) - trial.effect_s, 3), held))
    return found


@dataclass(frozen=True)
class _Asked:
    """Whose alert is asked for, and on which slots."""

    course: Course
    labels: Mapping[str, str]
    slot_s: float

    def trial(self, name: str, series: Sequence[tuple[Mapping[str, str], str]], effect_s: float, end_s: float) -> Trial:
        import yaml

        data = {
            "rule_files": ["rules.yml"],
            "evaluation_interval": _ms(every_of(self.course, self.slot_s)),
            "group_eval_order": list(_groups(self.course)),
            "tests": [{"interval": _ms(self.slot_s), "promql_expr_test": [self._question(effect_s, end_s)]}],
        }
        text = yaml.safe_dump(data, sort_keys=False, width=10**6)
        said = _SAYS.format(effect=f"{effect_s:g}")
        return Trial(name, f"{said}{text}  input_series:{_laid_out(series)}\n", effect_s, end_s)

    def _question(self, effect_s: float, end_s: float) -> dict[str, Any]:
        """When such an alert first fires after the fault, of those that did not hold just before it (labels that go with the value
        tell none apart); HELD where there are only those that did."""
        named = {"alertname": self.course.alert.rule, **self.labels}
        before = f"{_alerts(named)} @ {effect_s - 0.001:.3f}"
        but = ",".join(sorted({"alertstate", *varying(self.course.alert)}))
        fresh = f"timestamp({_alerts({**named, 'alertstate': 'firing'})}) unless ignoring({but}) {before}"
        since = f"[{_ms(end_s - effect_s)}:{_ms(every_of(self.course, self.slot_s))}]"
        return {
            "expr": f"min(min_over_time(({fresh}){since})) or 0 * count({before}) + {HELD}",
            "eval_time": _ms(end_s),
            "exp_samples": [],
        }


def _laid_out(series: Sequence[tuple[Mapping[str, str], str]]) -> str:
    """The last lines of a file. Of a series only its name goes through YAML's own writer: that looks at each letter by itself, and
    samples, of which there are up to millions, have none that need it."""
    import yaml

    lines = []
    for labels, values in series:
        if values:
            named: str = yaml.safe_dump([{"series": _named(labels)}], width=10**6)
            lines += [f"  {line}" for line in named.splitlines()]
            lines.append(f"    values: '{values}'")
    return "\n".join(["", *lines]) if lines else " []"


def _groups(course_: Course) -> dict[str, None]:
    return dict.fromkeys(_group(rule) for rule in course_.rules)


def _group(rule: RuleSeen) -> str:
    return rule.group or "rules"


def _named(labels: Mapping[str, str]) -> str:
    inner = ", ".join(f'{name}="{_escaped(value)}"' for name, value in sorted(labels.items()) if name != "__name__")
    return f"{labels.get('__name__', '')}{{{inner}}}"


def _alerts(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"ALERTS{{{inner}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _ms(length_s: float) -> str:
    return f"{round(1000 * length_s)}ms"
