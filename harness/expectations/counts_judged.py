"""Whether a process leaks connections, threads or handles: between faults, by them, or not."""

from __future__ import annotations

from dataclasses import replace

from harness.expectations.base import Evidence
from harness.expectations.count_calms import Calms, calms, faults
from harness.expectations.count_doubts import IN_USE, not_given_back, unclosed_after_faults, unproven
from harness.expectations.leak_course import Course, course_of
from harness.expectations.leak_doubts import STRADDLES, Doubt, lasts, unsure
from harness.expectations.leak_stretches import Stretch, rises_late
from harness.expectations.memory_growth import POINTS
from harness.journal import Window
from harness.stats.theil_sen import BATCHES
from harness.verdict import Finding, failed, inconclusive, passed

NEEDED = BATCHES * POINTS
UNSEEN = Doubt(
    reason="too_few",
    seen="it was not seen long enough before and after each fault",
    decide="fifteen samples before the first fault and after the last one has settled, as in an `expect` of the whole run",
)


def judged(
    evidence: Evidence,
    window: Window,
    part: Stretch,
    limit: float,
    horizon_s: float,
    *,
    among: int,
    cited: tuple[str, ...],
) -> Finding:
    """`among`: so many processes were judged."""
    calm = calms(part, faults(evidence.journal, evidence.timeout_s), window.end_s)
    samples = len(calm.times_s)
    if samples < NEEDED:
        return inconclusive(
            f"{part.name}: {samples} samples while no fault was on: too few{calm.left_out(evidence.timeout_s)}",
            reason="too_few",
            decide=f"{NEEDED} samples or more while no fault is on and none settles",
            cites=cited,
        )
    course = course_of(calm.joined(), limit)
    said, measure = course.said(horizon_s), course.measure
    whole = f"{part.times_s[0]:.1f} s to {part.times_s[-1]:.1f} s, {samples} samples while no fault was on"
    whole += calm.left_out(evidence.timeout_s)
    details = (("window", whole), *course.details[1:])
    if course.now > limit or (course.now >= limit and part.own_limit):
        return failed(f"{said}; it is there", reason="full", measure=measure, cites=cited, details=details)
    if levels := unclosed_after_faults(calm):
        told = ", ".join(f"{value:.0f}" for value in levels)
        proof = f"{said}; with each fault more connections stay open that the other side has closed ({told})"
        return failed(proof, reason="leaks", measure=measure, cites=cited, details=details)
    p = course.p_value(horizon_s)
    doubt = _doubt(evidence, course, calm, horizon_s, p * among)
    if doubt:
        because = f"{said}; but {doubt.seen}" if doubt.seen else said
        finding = inconclusive(
            because, reason=doubt.reason, decide=doubt.decide, measure=measure, cites=cited, details=details
        )
    elif lasts(course, horizon_s):
        finding = passed(said, measure=measure, cites=cited, details=details)
    else:
        finding = failed(said, reason="leaks", measure=measure, cites=cited, details=details)
    return replace(finding, p_value=round(p, 9))


def _doubt(evidence: Evidence, course: Course, calm: Calms, horizon_s: float, p: float) -> Doubt | None:
    if course.now >= course.limit:
        return Doubt(
            reason="may_be_pool", seen="a pool that is full holds as many", decide=f"a `limit` above it; {IN_USE}"
        )
    left = not_given_back(course, calm)
    if not lasts(course, horizon_s):
        doubt = unsure(course, horizon_s, p) or unproven(course, calm, horizon_s, evidence)
        return left if left and doubt is STRADDLES else doubt
    if left:
        return left
    if seen := rises_late(course.part, course.slope, course.limit, horizon_s):
        return Doubt(reason="off_course", seen=seen, decide="a longer window, in which it stays away from its limit")
    return UNSEEN if calm.unseen else None
