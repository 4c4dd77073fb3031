"""Alerts against when their fault was on: one that was clear meanwhile (who was called is told that it is over, and it is not), and
one that began when it was out. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from harness import alerting
from harness.alerting import Episode
from harness.expectations import alerts
from harness.expectations.base import Evidence
from harness.expectations.could_fire import mute
from harness.expectations.instants import Instant
from harness.expectations.requests import cites
from harness.expectations.rollback_begun import NEVER, release_back
from harness.facts import Injected, Injecting, Mended
from harness.scoring import ONE_EVALUATION_S
from harness.surroundings import MOST_SKEW_S
from harness.verdict import Finding, failed


def told(evidence: Evidence, at_s: float) -> str:
    """Which fault of the phase was on then and how much longer, behind what came then; '' where none was. A bad release is none of
    them: its rollback ends it sooner."""
    for id_, fault in evidence.faults.items():
        on = evidence.journal.first(Injected, fault=id_, until_s=at_s)
        out = evidence.journal.first(Mended, fault=id_)
        if on is not None and not fault.outlasts and at_s + MOST_SKEW_S < (out_s := out.begun_s if out else math.inf):
            until = f"and was taken out only {out_s - at_s:.1f} s later" if out else "and is so still"
            return f"; {id_} was on then, {until}"
    return ""


def out_before(evidence: Evidence, at_s: float) -> tuple[float, str]:
    """When the last fault of the phase was surely out, before at_s, and for how long then (', 40.5 s after the rollback was decided');
    infinite and '' where one was on."""
    ends = _ends(evidence) if evidence.phase and not evidence.then else ()
    out_s, how = max(((end.high_s, how) for end, how in ends), default=(math.inf, ""))
    return (out_s, f", {at_s - out_s:.1f} s after {how}") if out_s + MOST_SKEW_S < at_s else (math.inf, "")


def cleared_early(
    evidence: Evidence, alert: str, labels: Mapping[str, str], first: Episode, found: Sequence[Episode]
) -> Finding | None:
    """That none of these fired any more, from the first of them on, before a fault began to be taken out, or a release taken back; None
    where one did all the time. The phase is over."""
    journal, what = evidence.journal, alerts.spoken(alert, labels)
    out_s = _out_s(evidence, first.from_s)
    last = first
    for one in found:
        if one.from_s <= last.until_s + ONE_EVALUATION_S and last.until_s < one.until_s:
            last = one
    if last.until_s + MOST_SKEW_S < out_s:
        phase = journal.phase_began(evidence.phase)
        calm_s = phase.at_s if phase else first.from_s
        why = mute(journal, last, calm_s, last.until_s, min(out_s, journal.end_s))
        return failed(
            f"{what} fired at {first.from_s:.1f} s, but was clear from {last.until_s:.1f} s on, {out_s - last.until_s:.1f} s before "
            f"the fault was taken out{f': {why.said}' if why else ''}",
            reason="cleared_early",
            cites=cites(evidence, first.began, last.ended, *(why.facts if why else ())),
        )
    if not alerting.watched(journal, first.from_s, out_s):
        return alerts.not_watched(evidence, f"{what} fired in time and was not seen to clear while the fault was on")
    return None


def _out_s(evidence: Evidence, from_s: float) -> float:
    """Until when the first of the phase's faults was on that ends after that: it begins to be taken out, a release's rollback is decided,
    or the phase ends. from_s where all had ended by then."""
    window = evidence.window
    out_s = min((end.low_s for end, _ in _ends(evidence) if end.low_s > from_s), default=from_s)
    return min(out_s, window.end_s) if window else out_s


def _ends(evidence: Evidence) -> Iterator[tuple[Instant, str]]:
    """When each of the phase's faults began to go, and how; infinite where it is on still."""
    journal = evidence.journal
    for id_, fault in evidence.faults.items():
        for begun in journal.of(Injecting, fault=id_):
            out = journal.first(Mended, fault=id_, since_s=begun.at_s)
            out_s = out.begun_s if out else math.inf
            back = release_back(evidence, id_) if fault.outlasts else NEVER
            rolled_back = back.low_s < out_s
            yield (
                (back, "the rollback was decided")
                if rolled_back
                else (Instant(out_s, out_s), "the fault was taken out")
            )
