"""verdict.json: the verdict with what it rests on, as plain data and always the same bytes. Pure.

The format is public: fields are only added; `schema` counts incompatible changes.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.by_request import by_request, p95_interval_ms
from harness.by_user import Spread, spread
from harness.expectations.state_evidence import state_doc
from harness.facts import GuardTripped, RungTried
from harness.faults.base import Fault, Landing
from harness.journal import Journal, Window
from harness.landings import hurts, landings, mends
from harness.orders.document import orders_doc
from harness.stats import fold
from harness.verdict import HypothesisTest, Judged, Verdict

if TYPE_CHECKING:
    from harness.expectations.detection import Detection
    from harness.expectations.release_story import ReleaseStory
    from harness.ledger import Rows
    from harness.orders.review import Reviews

SCHEMA = "drill.verdict/1"
_TRIPPED = ("guard", "detail", "value", "limit", "since_s", "blind")
BASELINE = "baseline"


def verdict_doc(
    verdict: Verdict,
    journal: Journal,
    rows: Rows,
    faults: Mapping[str, Fault],
    *,
    timeout_s: float = 10.0,
    releases: Sequence[ReleaseStory] = (),
    detection: Detection | None = None,
    orders: Reviews | None = None,
    given: Sequence[str] = (),
    candidate: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The verdict as JSON-ready data: findings, faults stated and measured side by side, and a table of the phases.

    `faults` are those of the drill, by id (harness.judge_claim.faults_of); `releases` the stories of those that are bad releases
    (harness.judge.releases_of); `detection` how the alerts did over all faults (harness.expectations.detection);
    `orders` the order books, judged; `given` what the command line changed in the drill; `candidate` by service the image under test.
    """
    ending, opened = verdict.ending, journal.opened
    document = {
        "schema": SCHEMA,
        "drill": verdict.drill,
        "run": verdict.run,
        "given": list(given),
        "candidate": dict(candidate or {}),
        "started_unix_s": opened.wall_unix_s if opened else None,
        "length_s": journal.end_s,
        "verdict": verdict.word.lower().replace(" ", "_"),
        "exit_code": verdict.exit_code,
        "invalid": list(verdict.invalid),
        "ending": {
            "gate": ending.gate,
            "stopped": ending.stopped,
            "interrupted": ending.interrupted,
            "not_mended": list(ending.not_mended),
            "broken": ending.broken,
            "refused": ending.refused,
            "running": ending.running,
            "guard": _guard(journal),
        },
        "findings": [_finding(judged) for judged in verdict.findings],
        "faults": _faults(journal, faults, rows),
        "phases": _phases(journal, rows, timeout_s),
        "releases": [_release(story, rows) for story in releases],
        "detection": None if detection is None else _detection(detection),
        "state": state_doc(journal, faults),
        "orders": [] if orders is None else orders_doc(orders, journal, rows),
    }
    made: dict[str, Any] = plain(document)
    return made


def _guard(journal: Journal) -> dict[str, Any] | None:
    """The guard that ended the run, with its value against its limit and since when; None where none did."""
    tripped = journal.first(GuardTripped)
    return None if tripped is None else {word: getattr(tripped, word) for word in _TRIPPED}


def dumps(document: Mapping[str, Any]) -> str:
    """The canonical text: keys sorted, floats rounded, infinity as null, half a character, which nothing can encode, as '?'."""
    text = json.dumps(plain(document), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace").decode("utf-8") + "\n"


def _finding(judged: Judged) -> dict[str, Any]:
    finding, measure = judged.finding, judged.finding.measure
    return {
        "id": judged.id,
        "text": judged.text,
        "phase": judged.phase,
        "where": judged.where,
        "outcome": finding.outcome.value,
        "reason": finding.reason,
        "because": finding.because,
        "decide": finding.decide,
        "census": finding.census,
        "cites": list(finding.cites),
        "details": [[what, text] for what, text in finding.details],
        "measure": None
        if measure is None
        else {"low": measure.low, "high": measure.high, "unit": measure.unit, "kind": measure.kind},
        "test": None if finding.test is None else _test(finding.test),
    }


def _test(test: HypothesisTest) -> dict[str, Any]:
    """The test that decided a finding (harness.verdict.HypothesisTest). P-values are rounded up to a millionth: never to none at all."""
    return {
        "p_value": _rounded_up(test.p_value),
        "p_adjusted": _rounded_up(test.adjusted),
        "correction": "holm",
        "alpha": test.alpha,
        "level": test.level,
        "tests": test.tests,
    }


def _rounded_up(p_value: float) -> float:
    return min(1.0, math.ceil(max(p_value, 1e-9) * 1e6 - 1e-6) / 1e6)


def _faults(journal: Journal, faults: Mapping[str, Fault], rows: Rows) -> list[dict[str, Any]]:
    times = {hurt.fault: hurt for hurt in hurts(journal)}
    landed, gone = landings(journal, faults, rows), mends(journal, faults, rows)
    return [
        {
            "id": id_,
            "target": fault.target,
            "asked_s": times[id_].on_s if id_ in times else None,
            "on_s": times[id_].sure_s if id_ in times else None,
            "mended_s": times[id_].off_s if id_ in times else None,
            "landing": _landing(landed[id_]),
            "mend": _landing(gone[id_]) if id_ in gone else None,
            "ladder": [
                {
                    "rung": it.rung,
                    "target": it.target,
                    "begun_s": it.begun_s,
                    "took_s": it.took_s,
                    "error": it.error,
                    "cut": list(it.cut),
                    "cite": it.cite,
                }
                for it in journal.of(RungTried, fault=id_)
            ],
        }
        for id_, fault in faults.items()
    ]


def _release(story: ReleaseStory, rows: Rows) -> dict[str, Any]:
    """What became of a bad release: each instant as an interval on the run's axis, and the durations between them."""
    over_s = story.gone.high_s if story.gone else story.end_s
    return {
        "fault": story.fault,
        "services": list(story.services),
        "version": story.version,
        "bad_answers": len(story.bad),
        "answers_after": len(story.others),
        "still_bad": [seen.container for seen in story.still_bad],
        "halved": {seen.container: list(seen.stayed) for seen in story.halved},
        "users": _users(spread(rows, story.begun_s, over_s)),
        "command": story.pulled.command if story.pulled else "",
        "exit_code": story.ended.exit_code if story.ended else None,
        "instants": {
            name: {"low_s": at.low_s, "high_s": at.high_s, "cite": at.cite}
            for name, at in sorted(story.at.items(), key=lambda item: (item[1].high_s, item[0]))
        },
        "durations": {name: {"low_s": low_s, "high_s": high_s} for name, low_s, high_s in story.spans()},
    }


def _users(found: Spread) -> dict[str, Any]:
    """Of users with a session of their own: how the requests spread over them while the release was out."""
    return {**dataclasses.asdict(found), "few": found.few}


def _detection(found: Detection) -> dict[str, Any]:
    """Counts first, then what so few of them say."""
    score = found.score
    return {
        "told": dict(score.told),
        "detected": score.detected,
        "counted": score.counted,
        "recall": list(score.recall),
        "flaps": dict(score.flaps),
        "collateral": [{"alert": one.alert, "at_s": one.from_s, "cite": one.began.cite} for one in score.collateral],
        "false_alarms": [{"alert": one.alert, "at_s": one.from_s, "cite": one.began.cite} for one in score.false],
        "calm_s": found.calm_s,
        "false_per_hour_at_most": found.false_per_hour,
        "trend": {
            "range_recall": found.trend.recall,
            "range_precision": found.trend.precision,
            "nab": dict(found.trend.nab),
        },
    }


def _landing(landing: Landing) -> dict[str, Any]:
    return {
        "outcome": landing.outcome,
        "because": landing.because,
        "stated": dict(landing.stated),
        "measured": dict(landing.measured),
        "share": landing.share,
        "looks": landing.looks,
    }


def windows(journal: Journal) -> list[tuple[str, Window]]:
    """The stretches of a run in order: before the first phase, each phase, and after each its `then`."""
    from harness.facts import GateHeld, LoadBegan, LoadEnded, PhaseBegan

    phases = journal.of(PhaseBegan)
    began, ended = journal.first(LoadBegan), journal.last(LoadEnded)
    found: list[tuple[str, Window]] = []
    if began:
        end = phases[0] if phases else ended
        held = journal.first(GateHeld)
        stop_s = end.at_s if end else held.at_s if held else journal.end_s
        found.append((BASELINE, Window(began.begins_s, stop_s)))
    for i, phase in enumerate(phases):
        window = journal.window(phase.phase)
        assert window is not None
        next_s = phases[i + 1].at_s if i + 1 < len(phases) else ended.ended_s if ended else journal.end_s
        found.append((phase.phase, window if window.ended else Window(window.start_s, max(next_s, window.start_s))))
        if window.ended and next_s > window.end_s:
            found.append((f"{phase.phase} then", Window(window.end_s, next_s)))
    return found


def _phases(journal: Journal, rows: Rows, timeout_s: float) -> list[dict[str, Any]]:
    from harness.expectations.requests import now_s
    from harness.facts import LoadEnded

    given_up_s = timeout_s if journal.last(LoadEnded) else math.inf
    table = []
    for name, window in windows(journal):
        seen = fold(rows, window.start_s, window.end_s, now_s=now_s(journal), given_up_s=given_up_s)
        ratio = seen.error_ratio()
        line: dict[str, Any] = {
            "name": name,
            "start_s": window.start_s,
            "end_s": window.end_s,
            "requests": seen.n,
            "per_s": seen.rate_per_s,
            "outcomes": dict(seen.counts),
            "waiting": seen.waiting,
            "never_answered": seen.gave_up,
            "dropped": seen.dropped,
            "errors": seen.errors,
            "error_ratio": None if ratio is None else ratio[0],
            "error_interval": list(seen.error_interval()) if seen.n else None,
        }
        for label, quantile in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99)):
            value = seen.percentile_ms(quantile)
            line[label] = None if value is None else value[0]
        service = seen.percentile_ms(0.95, service=True)
        line["service_p95_ms"] = None if service is None else service[0]
        line["p95_interval_ms"] = p95_interval_ms(seen)
        line["by_request"] = by_request(rows, window.start_s, window.end_s, now_s=now_s(journal), given_up_s=given_up_s)
        table.append(line)
    return table


def plain(value: Any) -> Any:
    """Data of plain types: floats rounded to a millionth, infinite and undefined ones None, tuples lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return str(value)
