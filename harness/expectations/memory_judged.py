"""Whether one process's memory leaks."""

from __future__ import annotations

from dataclasses import replace

from harness.expectations.leak_course import course_of
from harness.expectations.leak_doubts import Doubt, lasts, unsure
from harness.expectations.leak_stretches import Stretch, off_course
from harness.expectations.memory_doubts import unproven
from harness.expectations.memory_programs import PROXIES
from harness.verdict import Finding, failed, inconclusive, passed

AWAY = "a longer window, in which it stays away from its limit"


def judged(
    part: Stretch,
    limit: float,
    horizon_s: float,
    *,
    collected: bool | None,
    program: str,
    among: int,
    cited: tuple[str, ...],
) -> Finding:
    """`program` is what it runs, where that is known; `among`: so many processes were judged."""
    taken = collected is None and program in PROXIES
    course = course_of(part, limit)
    said, measure, details = course.said(horizon_s), course.measure, course.details
    if course.now >= limit:
        return failed(f"{said}; it is there", reason="full", measure=measure, cites=cited, details=details)
    p = course.p_value(horizon_s)
    if sound := lasts(course, horizon_s):
        seen = off_course(part, course.slope, limit, horizon_s)
        doubt = Doubt(reason="off_course", seen=seen, decide=AWAY) if seen else None
    else:
        doubt = unsure(course, horizon_s, p * among) or unproven(
            course, horizon_s, collected=False if taken else collected, program=program
        )
    if doubt:
        because = f"{said}; but {doubt.seen}" if doubt.seen else said
        finding = inconclusive(
            because, reason=doubt.reason, decide=doubt.decide, measure=measure, cites=cited, details=details
        )
    elif sound:
        finding = passed(said, measure=measure, cites=cited, details=details)
    else:
        why = f" (`collected: false` was taken, as {program} collects no garbage)" if taken else ""
        finding = failed(f"{said}{why}", reason="leaks", measure=measure, cites=cited, details=details)
    return replace(finding, p_value=round(p, 9))
