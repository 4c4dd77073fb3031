"""Whether a load that grew explains that more is held: pools, threads and keep-alive grow with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.expectations.leak_course import Course, course_of
from harness.expectations.leak_stretches import Stretch
from harness.ledger import Rows

Floats = NDArray[np.float64]
LATELY_S = 10.0
MORE = 1.5  # a pool has room for more than is used at once


def grew_with_load(rows: Rows, timeout_s: float, at_s: Sequence[float], course: Course) -> bool:
    """`at_s`: when the samples of the course were taken. By requests that were due lately, and those that waited for an answer."""
    first, last = max(1.0, course.values[0]), course.values[-1]
    for seen in _asked(rows, timeout_s, np.asarray(at_s)):
        load = course_of(Stretch("load", course.part.times_s, seen.tolist(), None, of="requests"), 0.0)
        factor = (load.values[-1] + 1) / (load.values[0] + 1)
        if load.slope.low > 0 and last <= MORE * first * factor:
            return True
    return False


def _asked(rows: Rows, timeout_s: float, at_s: Floats) -> tuple[Floats, Floats]:
    sent_s, done_s = rows.sent_s, rows.done_s
    done_s = np.where(np.isnan(done_s), sent_s + timeout_s, done_s)
    due, sent, done = (np.sort(one[~np.isnan(one)]) for one in (rows.intended_s, sent_s, done_s))
    lately = np.searchsorted(due, at_s) - np.searchsorted(due, at_s - LATELY_S)
    waiting = np.searchsorted(sent, at_s) - np.searchsorted(done, at_s)
    return lately.astype(float), waiting.astype(float)
