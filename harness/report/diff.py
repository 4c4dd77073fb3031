"""`drill diff`: two runs beside each other, for a terminal and as one JSON document. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.harmless import one_line
from harness.history.compare import BETTER, Compared, Line, unfit
from harness.history.numbers import OUTCOME, Number, of_a_request
from harness.quantities import numbered
from harness.report.paint import Paint

SCHEMA = "drill.diff/1"
MOST_OPTIONS = 20


def lines(found: Compared, *, colour: bool = False, everything: bool = False) -> Iterator[str]:
    """What stands out first, then outcomes, options and the numbers of the run as a whole; with `everything` those of each request too."""
    paint = Paint(colour)
    drill = found.newer.document.get("drill")
    yield f"{one_line(str(drill))}: {found.older.run} and then {found.newer.run}"
    yield paint(_verdict(found), *(["bold"] if found.called else []))
    yield from (f"  {_told(line, paint)}" for line in found.called)
    if why := unfit(found.older.document):
        yield f"run {found.older.run} is a poor measure: {one_line(why)}"
    yield ""
    yield from _block("outcomes that differ", [_pair(*one) for one in found.outcomes])
    options = [_pair(*one) for one in found.options]
    hidden = len(options) - MOST_OPTIONS
    if hidden > 0 and not everything:
        options = [*options[:MOST_OPTIONS], f"{hidden} more; all of them with --all"]
    yield from _block("run with something else", options)
    quiet = [line for line in found.lines if line.topic != OUTCOME and not line.called]
    shown = quiet if everything else [line for line in quiet if not of_a_request(_either(line))]
    if quiet:
        yield "numbers that do not stand out" if found.enough else "numbers"
        yield from (f"  {_told(line, paint)}" for line in shown)
        if len(shown) < len(quiet):
            yield f"  {len(quiet) - len(shown)} more, of single request names; all of them with --all"


def document(found: Compared) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "older": found.older.run,
        "newer": found.newer.run,
        "runs_before": found.earlier,
        "runs_needed": found.needed,
        "numbers_tested": found.together,
        "false_alarms_at_most": found.share,
        "not_tested": found.unfit,
        "outcomes": [{"claim": what, "older": old or None, "newer": new or None} for what, old, new in found.outcomes],
        "options": [{"what": what, "older": old or None, "newer": new or None} for what, old, new in found.options],
        "numbers": [
            {
                "what": line.key,
                "topic": line.topic,
                "older": _number(line.older),
                "newer": _number(line.newer),
                "usual": line.usual or None,
                "enough_runs": line.enough,
                "change": line.called or None,
            }
            for line in found.lines
        ],
        "exit_code": found.exit_code,
    }


def _verdict(found: Compared) -> str:
    runs = f"{numbered(found.earlier, 'like run')} before"
    if found.unfit:
        return f"run {found.newer.run} is not compared: {one_line(found.unfit)}"
    if not found.enough:
        return (
            f"not enough runs to tell ({found.earlier} of {found.needed}): no difference below is called a change. "
            "Like runs have the same drill file and machine, and were played to their end"
        )
    odds = (
        f"{numbered(found.together, 'number')} held against the {runs}; "
        f"where nothing changed at most {100 * found.share:g}% of such comparisons call anything a change"
    )
    if not found.called:
        return f"nothing stands out: {odds}"
    verb = "stands" if len(found.called) == 1 else "stand"
    return f"{numbered(len(found.called), 'number')} {verb} out: {odds}"


def _told(line: Line, paint: Paint) -> str:
    older, newer = (f"{one}{one.interval}" if one else "not measured" for one in (line.older, line.newer))
    said = f"{one_line(line.key)}: {older} -> {newer}"
    if line.called:
        said = f"{paint(line.called, 'passed' if line.called == BETTER else 'failed')}  {said}"
    if line.usual:
        return f"{said}; usual {line.usual}"
    return (
        f"{said}; usual {'passed or failed as before' if line.enough and line.topic == OUTCOME else 'not known'}"
        if line.called
        else said
    )


def _pair(what: str, older: str, newer: str) -> str:
    return f"{one_line(what)}: {one_line(older) or 'none'} -> {one_line(newer) or 'none'}"


def _block(title: str, rows: Sequence[str]) -> Iterator[str]:
    if rows:
        yield title
        yield from (f"  {row}" for row in rows)
        yield ""


def _either(line: Line) -> Number:
    number = line.newer or line.older
    assert number is not None
    return number


def _number(number: Number | None) -> dict[str, Any] | None:
    if number is None:
        return None
    return {
        "value": number.value,
        "low": number.low,
        "high": number.high,
        "unit": number.unit,
        "at_least": number.at_least,
    }
