"""Whether what a target's page says was measured anew at its scrapes, told by what never stands still on one that is: a copy is old
however often it is scraped. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from harness.expectations.metric_names import parsed
from harness.expectations.metric_scraped import Scraped
from harness.expectations.requests import cites
from harness.series import RawSeries
from harness.verdict import Finding, Measure, failed

BEATS = (
    "promhttp_metric_handler_requests_total",
    "go_memstats_alloc_bytes_total",
    "process_uptime_seconds",
    "nodejs_heap_size_used_bytes",
    "node_time_seconds",
)
"""What each scrape of a page that is made anew moves (Go's client library, Micrometer, Node's, the node exporter)."""
BUSY = "process_cpu_seconds_total"
"""Shows by its move that the page is made anew. It counts in steps of 10 ms, and an idle process may need many scrapes for one."""


@dataclass(frozen=True)
class Still:
    """A stretch from one scrape of a target to another, over which nothing of it changed. `sure`: what never stands still was there."""

    target: tuple[str, str]
    start_s: float
    end_s: float
    sure: bool

    @property
    def lasted_s(self) -> float:
        return self.end_s - self.start_s


def pulse(only: str) -> str:
    """The selector of what moves, of the targets that `only` leaves as far as its job and instance tell."""
    mine = [one for one in parsed(only) if one.label in ("job", "instance")]
    return "{" + ",".join([f'__name__=~"{"|".join((*BEATS, BUSY))}"', *(one.text for one in mine)]) + "}"


def stills(scraped: Scraped, selector: str, longest_s: float) -> list[Still]:
    """Where nothing of a target changed for longer than that, neither the claim's series nor what moves by itself; the longest first."""
    moving, found = scraped.evidence.series.get(selector, ()), []
    for target in scraped.counters.targets:
        mine = [one for one in (*scraped.series, *moving) if one.target == target.name]
        for segment in target.segments:
            end_s = min(segment.last_s, scraped.window.end_s)
            parts = [part for one in mine if len(part := one.between(segment.first_s, end_s))]
            beats = [one for one in parts if one.name in BEATS]
            for start_s, last_s in _unmoved(parts):
                if last_s - start_s > longest_s:
                    sure = any(
                        one.at(start_s) and one.at(last_s) for one in beats
                    )  # one at 0 never counted, and need not
                    found.append(Still(target.name, start_s, last_s, sure))
    return sorted(found, key=lambda one: (not one.sure, -one.lasted_s))


def frozen(scraped: Scraped, still: Still, metric: str, limit_s: float) -> Finding:
    """The page of a target was a copy."""
    return failed(
        f"{still.target[1]} gave the same page at each scrape from {still.start_s:.1f} s to {still.end_s:.1f} s, with counters on it that "
        f"every scrape moves: it was a copy, and {metric} {still.lasted_s:.1f} s old (limit {limit_s:g} s)",
        reason="frozen",
        measure=Measure(still.lasted_s, still.lasted_s, "s", "grid"),
        cites=cites(scraped.evidence),
        details=scraped.details,
    )


def perhaps(still: Still) -> str:
    """What stays unknown where nothing moved that need not stand still on a copy alone."""
    return (
        f"; nothing of {still.target[1]} changed from {still.start_s:.1f} s to {still.end_s:.1f} s, and it has no counter that every scrape "
        "moves: whether these values were measured anew, or a copy's, is not known"
    )


def _unmoved(parts: Sequence[RawSeries]) -> list[tuple[float, float]]:
    """From each scrape that showed anything new to the last that showed nothing else."""
    if not parts:
        return []
    scrapes_s = np.unique(np.concatenate([one.t_s for one in parts]))
    moved = np.concatenate([one.t_s[1:][one.value[1:] != one.value[:-1]] for one in parts])
    places = [0, *np.searchsorted(scrapes_s, np.unique(moved)).tolist(), len(scrapes_s)]
    return [(float(scrapes_s[low]), float(scrapes_s[high - 1])) for low, high in pairwise(places) if high > low]
