"""What a run stands on: processors to spare, clocks that agree, a service at rest before the first fault. Pure.

Each function tells a measure, or a sentence of what is wrong ('' when nothing is, or nothing can be told); gates.py decides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from harness.facts import AlertChanged, ClockRead, PressureSeen, RuleSeen, Sampled
from harness.journal import Journal
from harness.stats.fold import FOREVER, counted
from harness.stats.settled import FEWEST_POINTS, settled

if TYPE_CHECKING:
    from harness.ledger import Rows

MOST_STEP_S = 0.1  # slewing (adjtime) makes under a millisecond a second; each reading is good to 20 ms
MOST_SKEW_S = 0.25  # the run's axis is tied to the wall clock at its opening: slewing at its fastest (500 ppm) makes so much in 500 s
ASKED_S = 5.0  # on a busy machine an answer may take so long; the quickest of many is younger
FEWEST_ANSWERS = 5


def stalled(journal: Journal, start_s: float, end_s: float) -> float | None:
    """The share of the time in which some task that could run had to wait for a processor. None: this machine does not tell.

    Source: the kernel's pressure stall information, `some` of /proc/pressure/cpu (Documentation/accounting/psi.rst).
    """
    seen = journal.of(PressureSeen, since_s=start_s, until_s=end_s)
    if len(seen) < 2 or seen[-1].at_s <= seen[0].at_s:
        return None
    return (seen[-1].cpu_some_us - seen[0].cpu_some_us) / 1e6 / (seen[-1].at_s - seen[0].at_s)


def told(share: float | None) -> str:
    """A stall share as part of a sentence."""
    if share is None:
        return "this machine has no pressure stall information"
    return f"processes waited for a processor {share:.0%} of that time"


def stepped(journal: Journal) -> str:
    """Whether somebody set this machine's clock while the run went."""
    reads = journal.of(ClockRead)
    for before, after in pairwise(reads):
        step_s = (after.wall_unix_s - before.wall_unix_s) - (after.at_s - before.at_s)
        if abs(step_s) > MOST_STEP_S:
            return (
                f"this machine's clock was set by {step_s:+.2f} s at {after.at_s:.1f} s: stamps of logs, alerts and samples "
                "from before and after do not fit together"
            )
    return ""


def prometheus_off(journal: Journal) -> str:
    """Whether Prometheus' clock is another one than ours. Containers of one host share its kernel's; a Prometheus elsewhere
    does not. Its answers are stamped with its own time: neither later than they came, nor all of them older than five seconds; and
    no evaluation of a rule is later than the look that tells of it.
    """
    evaluated = [one.evaluated_s - one.seen_s for one in journal.of(RuleSeen) if one.evaluated_s is not None]
    changed = [one.happened_s - one.seen_s for one in journal.of(AlertChanged) if one.happened_s is not None]
    if (ahead_s := max((*evaluated, *changed), default=0.0)) > MOST_SKEW_S:
        return _ahead(ahead_s)
    ages_s = [one.seen_s - one.happened_s for one in journal.of(Sampled) if one.happened_s is not None]
    if len(ages_s) < FEWEST_ANSWERS:
        return ""
    least_s = min(ages_s)
    if least_s < -MOST_SKEW_S:
        return _ahead(-least_s)
    if least_s > ASKED_S + MOST_SKEW_S:
        return f"Prometheus' clock is {least_s - ASKED_S:.2f} s or more behind this machine's"
    return ""


def _ahead(by_s: float) -> str:
    return f"Prometheus' clock is {by_s:.2f} s or more ahead of this machine's"


def unsettled(rows: Rows, start_s: float, end_s: float, material_ms: float) -> str:
    """Whether latency, second by second, was still changing before the first fault, by so many ms or more.

    Each request is taken as a multiple of the median of its own endpoint: else the median of a second tells mostly how many
    slow and how many fast ones happened to fall into it. In ms it is of the slowest endpoint.
    '' for a stretch of less than a minute: it is too short to tell a drift from noise, and the gate has held.
    """
    seconds = math.floor(end_s - start_s)
    if seconds < FEWEST_POINTS:
        return ""
    levels, slowest_ms = _levels(rows, start_s, seconds)
    if len(levels) < FEWEST_POINTS:
        return ""
    found = settled(levels)
    if found is None or found.steady or _change(levels) * slowest_ms < material_ms:
        return ""
    return (
        f"the service was not at rest in the {seconds} s before the first fault: its median latency (of the slowest "
        f"endpoint {slowest_ms:.0f} ms) was not steady: {found.because}"
    )


def _levels(rows: Rows, start_s: float, seconds: int) -> tuple[list[float], float]:
    """For each second that has one, the median of its requests' times, each as a multiple of its endpoint's median; and the
    median (ms) of the slowest endpoint. An endpoint that mostly does not answer tells nothing here.
    """
    import numpy as np

    parts = list(counted(rows, start_s, start_s + seconds, "", None))
    if not parts:
        return [], 0.0
    second = np.concatenate([part.ended_us() for part in parts]) / 1e6 - start_s
    took = np.concatenate([part.of_ended(part.answered) for part in parts]).astype(float)
    took[took == FOREVER] = np.inf
    endpoint = np.concatenate([part.of_ended(part.endpoint) for part in parts])
    levels, slowest_ms = np.full(len(took), np.nan), 0.0
    for number in np.unique(endpoint):
        mine = endpoint == number
        usual = _median(took[mine])
        if 0 < usual < math.inf:
            levels[mine] = took[mine] / usual
            slowest_ms = max(slowest_ms, usual / 1e3)
    known = ~np.isnan(levels)
    levels, second = levels[known], np.clip(second[known].astype(int), 0, seconds - 1)
    order = np.lexsort((levels, second))
    bounds = np.searchsorted(second[order], np.arange(seconds + 1))
    found = [_median(levels[order[a:b]]) for a, b in pairwise(bounds.tolist()) if b > a]
    return [level for level in found if math.isfinite(level)], slowest_ms


def _median(values: Any) -> float:
    """By the nearest rank."""
    import numpy as np

    place = (len(values) - 1) // 2
    return float(np.partition(values, place)[place])


def _change(levels: Sequence[float]) -> float:
    """Between the least and the greatest of six stretches."""
    size = len(levels) // 6
    medians = [_median(levels[i * size : (i + 1) * size]) for i in range(6)]
    return max(medians) - min(medians)
