"""Alerts against when their fault was on: one that was clear meanwhile (who was called is told that it is over, and it is not), and
one that began when it was out. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness import alerting
from harness.alerting import Episode, Floor
from harness.expectations import alerts
from harness.expectations.base import Evidence
from harness.expectations.could_fire import mute
from harness.expectations.instants import Instant
from harness.expectations.requests import cites
from harness.expectations.rollback_begun import NEVER, release_back, release_left
from harness.facts import Injected, Injecting, Mended
from harness.quantities import spell
from harness.scoring import ONE_EVALUATION_S
from harness.surroundings import MOST_SKEW_S
from harness.verdict import Finding, failed, inconclusive


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


def after_end(evidence: Evidence, at_s: float) -> str:
    """How long before that the last fault of the phase had begun to go (', 40.5 s after the rollback was decided'); '' where one had
    not."""
    ends = _ends(evidence) if evidence.phase and not evidence.then else ()
    end_s, how = max(((end.begun.high_s, end.how) for end in ends), default=(math.inf, ""))
    return f", {at_s - end_s:.1f} s after {how}" if end_s + MOST_SKEW_S < at_s else ""


def began_late(
    evidence: Evidence,
    said: str,
    claimed: tuple[str, Mapping[str, str]],
    began_s: float,
    stretch: tuple[float, float],
    floor: Floor | None,
) -> Finding | None:
    """That an alert began to fire only when every fault of the phase was out, or that this is not known; None where one was on.
    `said`: that it fired, and how long after their end began. Where they left it no time it is open: how soon a release is taken
    back is no alert's doing."""
    ends, (from_s, limit_s) = [*_ends(evidence)], stretch
    outs = [_out(evidence, end) for end in ends]
    on_s, out_s = max(out.low_s for out in outs), max(out.high_s for out in outs)
    if began_s <= on_s + MOST_SKEW_S:
        return None
    if began_s <= out_s + MOST_SKEW_S:
        known = f" and had by {out_s:.1f} s" if math.isfinite(out_s) else ""
        return inconclusive(
            f"{said}; the release may have served still: it had not left at {on_s:.1f} s{known}",
            reason="too_near",
            decide="a version in every answer, and containers that are seen all the time",
            cites=cites(evidence),
        )
    held = f"{said}; so it held at no time while the fault was on, which was out by {out_s:.1f} s"
    planned = not any(end.taken_back for end in ends)
    slow = alerts.rule_too_slow(evidence, held, *claimed, out_s - from_s, limit_s) if planned else None
    if slow is None and floor is not None and out_s - from_s < floor.high_s:
        return inconclusive(
            f"{held}: {out_s - from_s:.1f} s after it was asked for, and the alert may take {floor}",
            reason="below_floor",
            decide=f"a fault that is on for more than {spell(round(floor.high_s, 1))}, or a rule that waits less",
            cites=cites(evidence),
        )
    return slow or failed(held, reason="late", cites=cites(evidence))


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
    out_s = min((end.begun.low_s for end in _ends(evidence) if end.begun.low_s > from_s), default=from_s)
    return min(out_s, window.end_s) if window else out_s


@dataclass(frozen=True)
class _End:
    """
    begun       when the fault began to go; infinite where it is on still
    mended_s    when we began to take it out; infinite where we did not
    taken_back  whether it is a release whose rollback was decided before that
    """

    fault: str
    begun: Instant
    mended_s: float
    taken_back: bool

    @property
    def how(self) -> str:
        return "the rollback was decided" if self.taken_back else "the fault was taken out"


def _ends(evidence: Evidence) -> Iterator[_End]:
    journal = evidence.journal
    for id_, fault in evidence.faults.items():
        for begun in journal.of(Injecting, fault=id_):
            out = journal.first(Mended, fault=id_, since_s=begun.at_s)
            out_s = out.begun_s if out else math.inf
            back = release_back(evidence, id_) if fault.outlasts else NEVER
            taken_back = back.low_s < out_s
            yield _End(id_, back if taken_back else Instant(out_s, out_s), out_s, taken_back)


def _out(evidence: Evidence, end: _End) -> Instant:
    """Until when the fault was surely on, and from when on surely out: a release that is taken back serves on until it has left."""
    return release_left(evidence, end.fault, Instant(end.begun.low_s, end.mended_s)) if end.taken_back else end.begun
