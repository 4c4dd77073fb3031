"""`drill status` in words, for a terminal of 80 columns, and as data."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from harness.errors import unsaid
from harness.harmless import one_line
from harness.quantities import numbered, spell
from harness.report.paint import Paint

if TYPE_CHECKING:
    from harness.progress import Hurt
    from harness.underway import RunStatus, Status

WIDTH = 80
INDENT = 13
STYLES = {"running": "passed", "kept": "passed", "hanging": "failed", "dead": "failed", "remains": "failed"}
STATES = {
    "announced": "going on",
    "unsure": "perhaps on (it could not be put in whole)",
    "stuck": "STILL ON",
    "on": "on",
}


def lines(status: Status, *, colour: bool = False) -> list[str]:
    """All of it, a blank line between runs."""
    told: list[str] = []
    for run in status.runs:
        told += ["", *_run(run, Paint(colour))] if told else _run(run, Paint(colour))
    for holder in status.preparing:
        told.append(
            f"{one_line(str(holder))}: images are looked at or built, nothing is on; ends by: {one_line(holder.ends_by)}"
        )
    for run_id, folder, lives in status.elsewhere:
        if folder is None:
            told.append(f"{run_id}: something bears our label, and its run folder is gone; ends by: drill mend --force")
        elif lives is None:
            told.append(
                f"{run_id}: something of it is there; only those who may read {folder} can tell whether it runs"
            )
        else:
            told.append(f"{run_id}: {'runs' if lives else 'left something'}, elsewhere: drill status {folder}")
    if not told:
        told.append("no drill is running here")
    if status.unseen:
        told.append(f"not known what dead runs left in Docker: {one_line(status.unseen)}; try: drill doctor")
    return told


def _run(run: RunStatus, paint: Paint) -> list[str]:
    style = STYLES.get(run.state)
    told = [f"{run.drill}  run {run.run}  {paint(_word(run), *(('bold', style) if style else ()))}"]
    for label, text in _rows(run):
        wrapped = textwrap.wrap(one_line(text), WIDTH - INDENT, break_on_hyphens=False) or [""]
        red = ("failed",) if label in ("fault", "ends early") else ()
        for number, line in enumerate(wrapped):
            told.append(f"  {label if number == 0 else '':<{INDENT - 2}}{paint(line, *red)}")
    return told


def _word(run: RunStatus) -> str:
    since = f"since {_clock(run.opened_unix_s)} ({_long(run.now_s)})" if run.opened_unix_s else "just begun"
    if run.state == "running":
        return f"running {since}"
    if run.state == "hanging":
        return f"HANGS: silent for {_long(run.silent_s)}, running {since}"
    heard_s = run.now_s - run.silent_s
    at = f" at {_clock(run.opened_unix_s + heard_s)}" if run.opened_unix_s else ""
    if run.state == "dead":
        return f"DIED{at}, {_long(heard_s)} after it began"
    if run.state == "remains":
        return f"ended{at}, AND SOMETHING OF IT REMAINS"
    if run.state == "cut":
        return f"was cut off{at}; nothing of it is left"
    return f"ended{at}" + ("; its stack still stands" if run.state == "kept" else "; nothing of it is left")


def _rows(run: RunStatus) -> Iterator[tuple[str, str]]:
    told, now_s = run.progress, run.now_s
    if run.state in ("ended", "cut"):
        yield "see", f"drill report {run.run}"
        return
    lives = run.pid > 0
    if told.ending:
        yield "ends early", told.ending
    if lives:
        of = f" of {spell(told.until_s - told.since_s)}" if told.until_s is not None else ""
        stage = "everything is taken down" if told.stage == "over" else told.stage
        yield "now", f"{stage}, for {_long(now_s - told.since_s)}{of}"
    elif run.state == "dead":
        yield "was in", told.stage
    for fault in told.faults:
        yield "fault", _fault(fault, now_s, lives)
    if not told.faults:
        yield "faults", "none is on"
    if run.load is not None:
        load = run.load
        yield (
            "load",
            f"{load.arrivals / load.over_s:.1f}/s, errors {load.errors}, p95 {load.p95} (of what ended in the last {load.over_s:g} s)"
            + (f", {load.waiting} waiting" if load.waiting else ""),
        )
    if lives:
        yield from _limits(run)
        for at_s, text in told.asked:
            yield "asked", f"{text} ({_long(now_s - at_s)} ago)"
    if run.left is not None:
        yield "stands" if run.state == "kept" else "left", _left(run.left)
    yield "end it", f"drill {'halt' if lives else 'mend'} {run.run}"


def _limits(run: RunStatus) -> Iterator[tuple[str, str]]:
    limit_s = run.outline.max_duration_s
    ends = [f"{_long(limit_s - run.now_s)} to its maximum duration of {spell(limit_s)}"] if limit_s else []
    if run.outline.guards or ends:
        yield "guards", "; ".join((*run.outline.guards, *ends))


def _fault(fault: Hurt, now_s: float, lives: bool) -> str:
    name = f"{fault.fault} ({fault.kind} on {fault.target})"
    if fault.back_s is not None and fault.state == "back":
        due = "mended once its phase has been judged" if lives else "NOT MENDED YET"
        return f"{name} rolled back {_long(now_s - fault.back_s)} ago, {due}"
    if not lives and fault.state != "stuck":
        return f"{name} MAY STILL BE ON, since {_long(now_s - fault.since_s)}"
    text = f"{name} {STATES[fault.state]} for {_long(now_s - fault.since_s)}"
    if fault.state == "stuck":
        more = " && ".join(unsaid(fault.error, fault.commands))
        return f"{text}: {fault.error}" + (f"; by hand: {more}" if more else "")
    if fault.until_s is None:
        return f"{text}, until its phase has been judged"
    rest_s = fault.until_s - now_s
    return f"{text}, out in {_long(rest_s)}" if rest_s > 0 else f"{text}, being mended for {_long(-rest_s)}"


def _left(left: Mapping[str, int]) -> str:
    return ", ".join(numbered(count, word) for word, count in left.items())


def _long(value_s: float) -> str:
    """Whole seconds, from a minute on minutes, from an hour on hours; what matters at a glance."""
    whole = max(0, round(value_s))
    if whole < 3600:
        return spell(whole) if whole else "0s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"


def _clock(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s).astimezone().strftime("%H:%M:%S")


def document(status: Status) -> Mapping[str, Any]:
    """The same as data; seconds are the run's own, from its opening, but for `opened_unix_s`."""
    return {
        "exit_code": status.code,
        "runs": [_document(run) for run in status.runs],
        "preparing": [asdict(holder) for holder in status.preparing],
        "elsewhere": [
            {"run": run, "folder": str(folder) if folder else None, "lives": lives}
            for run, folder, lives in status.elsewhere
        ],
        "unseen": status.unseen,
    }


def _document(run: RunStatus) -> Mapping[str, Any]:
    return {
        "run": run.run,
        "drill": run.drill,
        "folder": str(run.folder),
        "state": run.state,
        "pid": run.pid or None,
        "opened_unix_s": run.opened_unix_s,
        "now_s": round(run.now_s, 3),
        "silent_s": round(run.silent_s, 3),
        **asdict(run.progress),
        "guards": list(run.outline.guards),
        "max_duration_s": run.outline.max_duration_s,
        "load": run.load and asdict(run.load),
        "left": run.left and {f"{word}s": count for word, count in run.left.items()},
        "end_it": f"drill {'halt' if run.pid else 'mend'} {run.run}" if run.state not in ("ended", "cut") else None,
    }
