"""The load second by second, for the charts: each value out of the one fold that also judges. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.facts import LoadBegan, LoadEnded
from harness.journal import TICK_S

if TYPE_CHECKING:
    from harness.report.story import Story

MOST_BINS = 1200
WIDTHS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
QUANTILES: Mapping[str, float] = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True)
class Seconds:
    """
    width_s    of a bin; start_s of each, the first at the load's beginning
    counts     by outcome, requests due in each bin; `waiting` are those whose answer is not known
    latency    by percentile, ms from the intended time; inf where that request got no answer, None without requests
    """

    width_s: float
    start_s: tuple[float, ...]
    counts: Mapping[str, tuple[int, ...]]
    latency: Mapping[str, tuple[float | None, ...]]


def seconds(story: Story) -> Seconds | None:
    """None where the load never began, or nothing was due."""
    from harness.expectations.requests import now_s
    from harness.ledger import OUTCOMES
    from harness.stats import fold

    journal = story.journal
    began, ended = journal.first(LoadBegan), journal.last(LoadEnded)
    end_s = (ended.ended_s if ended else journal.end_s) + TICK_S
    if began is None or not len(story.rows) or end_s <= began.begins_s:
        return None
    width_s = float(next((w for w in WIDTHS_S if (end_s - began.begins_s) / w <= MOST_BINS), WIDTHS_S[-1]))
    starts = [began.begins_s + i * width_s for i in range(math.ceil((end_s - began.begins_s) / width_s))]
    names = (*OUTCOMES[1:], "never answered", "waiting")
    counts: dict[str, list[int]] = {name: [] for name in names}
    latency: dict[str, list[float | None]] = {name: [] for name in QUANTILES}
    given_up_s = story.timeout_s if ended else math.inf
    for start_s in starts:
        seen = fold(story.rows, start_s, start_s + width_s, now_s=now_s(journal), given_up_s=given_up_s)
        for name in OUTCOMES[1:]:
            counts[name].append(seen.counts.get(name, 0))
        counts["never answered"].append(seen.gave_up)
        counts["waiting"].append(seen.waiting)
        for name, quantile in QUANTILES.items():
            value = seen.percentile_ms(quantile)
            latency[name].append(None if value is None else value[0])
    return Seconds(
        width_s,
        tuple(starts),
        {name: tuple(values) for name, values in counts.items() if any(values)},
        {name: tuple(values) for name, values in latency.items()},
    )
