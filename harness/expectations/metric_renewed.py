"""Whether what ends with the processes of a bad release leaves a counter anything to be held to, before the run. Pure."""

from __future__ import annotations

import math

from harness.expectations.base import Reach, job_of
from harness.expectations.counters import START
from harness.expectations.metric_sides import TOO_WIDE
from harness.quantities import spell


def renewed_too_often(reach: Reach, only: str) -> str:
    """Why the bounds may lie too far apart, or ''. A process takes with it what it counted since its last scrape, and the next
    one is known from its first on."""
    job, every_s = job_of(only), reach.scraped_every_s(only)
    theirs = [name for name in reach.renewed if job not in reach.services or job == name]
    window_s = reach.least_s or reach.window_s
    if every_s is None or not theirs or not math.isfinite(window_s):
        return ""
    torn_s = 2 * every_s * len(theirs)
    if torn_s <= TOO_WIDE * window_s:
        return ""
    return (
        f"processes of {', '.join(dict.fromkeys(theirs))} end {len(theirs)} time{'s' * (len(theirs) > 1)} in it by a bad release, and "
        f"what was counted meanwhile between two scrapes ({spell(every_s)} apart) may be in no counter: {spell(round(torn_s, 1))} of "
        f"{spell(round(window_s, 1))}, and more than {TOO_WIDE:.0%} decides nothing (too_wide); a longer window or a shorter "
        f"scrape_interval would do, and {START} on the page tells more"
    )
