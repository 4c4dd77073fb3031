"""The history page: a drill's numbers over its runs, in one file that needs no network. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from harness.history.course import Course, Curve
from harness.history.numbers import DETECTION, ERRORS, FALSE_ALARMS, LONGEST_MS, P95, PAGE, RECOVERY, Number
from harness.history.record import Record, begun_by
from harness.history.standing_out import SHARE, needed
from harness.quantities import numbered, spell
from harness.report.html.data import script_json
from harness.report.html.page import part, policy, template
from harness.report.runs import when

TITLES = {
    DETECTION: "Detection: from the fault to the alert",
    PAGE: "Page: from the fault to the page as delivered",
    RECOVERY: "Recovery: until the steady state was back, or a release was",
    FALSE_ALARMS: "False alarms: alerts where no fault was on",
    P95: "p95 of all requests, by phase",
    ERRORS: "Errors of all requests, by phase",
}
TONES = {"passed": "good", "inconclusive": "warn", "running": "plain", "refused": "warn"}
LISTED = 100  # runs in the table


def history_page(
    drill: str, found: Course, drills: Sequence[tuple[str, Record | None, Record | None]], more: bool
) -> str:
    """The page. `drills`: of every drill, its last run that passed and its last that failed; `more`: older runs are not in it."""
    scripts = (f"/*\n{part('vendor/uPlot.LICENSE')}\n*/\n{part('vendor/uPlot.iife.min.js')}", part("history.js"))
    styles = (part("vendor/uPlot.min.css"), part("report.css"), part("history.css"))
    records = [entry.record for entry in found.entries]
    judged = [record for record in records if record.exit_code is not None]
    latest = records[-1]
    text = template("history.html.j2").render(
        drill=drill,
        tone=tone(latest),
        latest=latest,
        sentence=_sentence(records, judged),
        counts=[
            (word, sum(record.word == word for record in records)) for word in dict.fromkeys(r.word for r in records)
        ],
        runs=[_row(record) for record in reversed(records)][:LISTED],
        left_out=max(0, len(records) - LISTED),
        more=more,
        drills=[(name, *(_last(one) for one in last)) for name, *last in drills],
        topics=[(topic, TITLES[topic], found.hidden[topic]) for topic in found.topics],
        out=[(when(records[place]), records[place].run, keys) for place, keys in found.out],
        tested=found.tested,
        needed=needed(),
        share=f"{100 * SHARE:g}%",
        scripts=scripts,
        styles=styles,
        policy=policy(scripts, styles),
        data=script_json(data_of(found)),
    )
    return text.encode("utf-8", "replace").decode("utf-8")


def data_of(found: Course) -> dict[str, Any]:
    """What the script draws: the runs, and by topic its curves as values with their intervals."""
    return {
        "runs": [
            {"when": when(one.record), "run": one.record.run, "word": one.record.word, "tone": tone(one.record)}
            for one in found.entries
        ],
        "topics": [
            {"id": topic, "unit": _unit(curves), "curves": [_curve(curve) for curve in curves]}
            for topic, curves in found.topics.items()
        ],
    }


def tone(record: Record) -> str:
    return TONES.get(record.word, "bad")


def _curve(curve: Curve) -> dict[str, Any]:
    return {
        "label": curve.label,
        "values": [None if one is None else _drawn(one, one.value) for one in curve.numbers],
        "low": [None if one is None or one.low is None else _drawn(one, one.low) for one in curve.numbers],
        "high": [None if one is None or one.high is None else _drawn(one, one.high) for one in curve.numbers],
        "told": ["" if one is None else f"{one}{one.interval}" for one in curve.numbers],
        "out": list(curve.out),
    }


def _drawn(number: Number, value: float) -> float:
    """On the chart's axis: shares as percent; no answer as long as anything can be."""
    if number.unit == "share":
        return 100 * value
    return value if math.isfinite(value) else LONGEST_MS


def _unit(curves: Sequence[Curve]) -> str:
    unit = next((one.unit for curve in curves for one in curve.numbers if one is not None), "")
    return "%" if unit == "share" else unit


def _sentence(records: Sequence[Record], judged: Sequence[Record]) -> str:
    passed = sum(record.word == "passed" for record in judged)
    last = next((record for record in reversed(judged) if record.word == "passed"), None)
    said = f"{passed} of {numbered(len(judged), 'judged run')} passed"
    if len(judged) < len(records):
        said += f" ({numbered(len(records) - len(judged), 'run')} without a verdict)"
    return f"{said}; the last pass was on {when(last)} UTC." if last else f"{said}; none has ever passed."


def _row(record: Record) -> dict[str, Any]:
    known = record.exit_code is not None
    return {
        "when": when(record),
        "run": record.run,
        "word": record.word,
        "tone": tone(record),
        "counts": [record.counts.get(name, 0) if known else "" for name in ("passed", "failed", "inconclusive")],
        "length": "" if record.length_s is None else spell(round(record.length_s)),
        "by": begun_by(record),
        "why": record.why,
    }


def _last(record: Record | None) -> str:
    return "never" if record is None else f"{when(record)} ({record.run})"
