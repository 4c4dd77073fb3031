"""The timeline of a run as one compact JSON document, for the page's script. Pure; bounded, however long the run was.

Every number of it is the verdict's document's, or out of the same fold; facts are the journal's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from harness.document import windows
from harness.report.html.lanes import LANES
from harness.report.html.lanes.base import Bands, Chart, Lane, Looks, MakeLane, Mark, Ticks
from harness.report.html.seconds import seconds
from harness.report.proof import Proof, prove, short

if TYPE_CHECKING:
    from harness.report.story import Story

SCHEMA = "drill.report/1"
NO_ANSWER = -1  # stands for a time that never ended, which JSON cannot hold


def data_of(story: Story, lanes: Sequence[MakeLane] = LANES) -> dict[str, Any]:
    """The document. Lists stand for records, in the order of their class's fields, to keep it small."""
    made = _made(story, lanes)
    cites = [
        cite for lane in made if isinstance(lane, Bands) for _, marks in lane.rows for m in marks for cite in m.cites
    ]
    opened = story.journal.opened
    return {
        "schema": SCHEMA,
        "run": story.run,
        "end_s": _number(story.journal.end_s),
        "wall_unix_s": opened.wall_unix_s if opened else None,
        "windows": [[name, _number(w.start_s), _number(w.end_s)] for name, w in windows(story.journal)],
        "faults": [
            [fault["id"], _number(fault["asked_s"]), _number(fault["mended_s"] or story.journal.end_s)]
            for fault in story.document["faults"]
            if fault["asked_s"] is not None
        ],
        "lanes": [_lane(lane) for lane in made],
        "facts": {cite: _proof(proof) for cite, proof in prove(story, cites).items()},
    }


def script_json(data: Any) -> str:
    """JSON that may stand inside a <script> element, whatever its texts hold."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _made(story: Story, lanes: Iterable[MakeLane]) -> list[Lane]:
    """The lanes that this run has something for. One that breaks says so in its place and hides no other."""
    folded = seconds(story)
    made: list[Lane] = []
    for make in lanes:
        try:
            lane = make(story, folded)
        except Exception as error:
            name = make.__module__.rpartition(".")[2]
            lane = Bands(
                name,
                name,
                (),
                f"This lane broke: {type(error).__name__}: {error}. The evidence is in the run's folder.",
            )
        if lane is not None:
            made.append(lane)
    return made


def _lane(lane: Lane) -> dict[str, Any]:
    head = {"id": lane.id, "kind": lane.kind, "title": lane.title, "note": lane.note}
    if isinstance(lane, Bands):
        rows = [[label, [_mark(mark) for mark in marks]] for label, marks in lane.rows]
        return {**head, "beside": lane.beside, "rows": rows}
    if isinstance(lane, Ticks):
        return {**head, "rows": [_looks(row) for row in lane.rows]}
    return {**head, **_chart(lane)}


def _mark(mark: Mark) -> list[Any]:
    end_s = None if mark.end_s is None else _number(mark.end_s)
    return [_number(mark.start_s), end_s, short(mark.text), mark.tone, short(dict(mark.detail)), list(mark.cites)]


def _looks(row: Looks) -> dict[str, Any]:
    kinds = list(dict.fromkeys(row.outcome))
    return {
        "label": row.label,
        "at": [_number(at_s) for at_s in row.at_s],
        "ms": [None if ms is None else _number(ms) for ms in row.took_ms],
        "outcomes": kinds,
        "outcome": [kinds.index(outcome) for outcome in row.outcome],
        "cites": list(row.cites),
    }


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "unit": chart.unit,
        "at": [_number(at_s) for at_s in chart.at_s],
        "width_s": chart.width_s,
        "stacked": chart.stacked,
        "log": chart.log,
        "series": [[one.label, one.tone, [_number(value) for value in one.values]] for one in chart.series],
    }


def _proof(proof: Proof) -> list[Any]:
    return [proof.kind, proof.title, proof.at_s, proof.place, proof.data]


def _number(value: float | None) -> float | int | None:
    """To the millisecond, or microsecond of a millisecond; whole numbers without their point."""
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        return NO_ANSWER
    rounded = round(value, 3)
    return int(rounded) if rounded == int(rounded) else rounded
