"""Counters that cannot be laid beside the load's requests as they are: whose they are, and of when, is not what it seems. Pure."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from harness.expectations.counters import START, Counters, Target
from harness.expectations.metric_names import OURS
from harness.expectations.requests import cites
from harness.series import RawSeries, scrapes_of
from harness.verdict import Finding, inconclusive

if TYPE_CHECKING:
    from harness.expectations.base import Evidence

TRIED = 4  # times that one target's samples must have risen on from the other's, to be taken for the same counter


def odd(evidence: Evidence, found: Counters, selector: str) -> Finding | None:
    """Counters that are none: several processes behind one address, or one process behind several targets."""
    return several(evidence, found) or twice(evidence, found, selector)


def several(evidence: Evidence, found: Counters) -> Finding | None:
    """Several processes behind one address, each with counters of its own."""
    return next((_several(evidence, target) for target in found.targets if target.mixed or target.fell), None)


def _several(evidence: Evidence, target: Target) -> Finding:
    name = target.name[1]
    if target.mixed:
        why = f"{name} answered now as one process, now as another: each counts for itself, and a scrape meets either"
    else:
        times = "once" if len(target.fell) == 1 else f"{len(target.fell)} times"
        why = (
            f"counters of {name} fell {times}, first between {target.fell[0][0]:.1f} s and {target.fell[0][1]:.1f} s, and no "
            "container ended then: several processes that count for themselves, or one that was begun anew unseen"
        )
    return inconclusive(
        why,
        reason="several_processes",
        decide=f"a metrics page that tells of all its worker processes, a target for each, or {START} on the page",
        cites=cites(evidence),
    )


def twice(evidence: Evidence, found: Counters, selector: str, *, guess: bool = False) -> Finding | None:
    """One process that two targets tell of. `guess`: also where only their numbers say so, and not their address or beginning."""
    for one, other in combinations([target.name for target in found.targets], 2):
        if _same(found, selector, one, other, guess):
            names = [f"job {job!r}, instance {instance!r}" for job, instance in (one, other)]
            return inconclusive(
                f"{names[0]} and {names[1]} tell of the same process: each request is counted twice",
                reason="scraped_twice",
                decide=f"`only` with one of them, such as job={one[0]!r}".replace("'", '"')
                if one[0] != other[0]
                else f"`only` with one of them, such as instance={one[1]!r}".replace("'", '"'),
                cites=cites(evidence),
            )
    return None


def _same(found: Counters, selector: str, one: tuple[str, str], other: tuple[str, str], guess: bool) -> bool:
    mine, its = _by_labels(found, selector, one), _by_labels(found, selector, other)
    shared = mine.keys() & its.keys()
    if not shared:
        return False
    if one[1] == other[1]:
        return True
    begun = [
        {float(v) for s in found.book.get(START, ()) if s.target == name for v in s.value} for name in (one, other)
    ]
    if all(begun) and not begun[0] & begun[1]:
        return False
    if not all(begun) and not guess:
        return False
    took_s = max(_longest_s(found, one), _longest_s(found, other))
    told = [_one_counter(mine[key], its[key], took_s) for key in shared]
    return None not in told and sum(times or 0 for times in told) >= TRIED


def _by_labels(found: Counters, selector: str, name: tuple[str, str]) -> dict[tuple[tuple[str, str], ...], RawSeries]:
    return {
        tuple(sorted((k, v) for k, v in series.labels.items() if k not in OURS or k == "le")): series
        for series in found.book.get(selector, ())
        if series.target == name
    }


def _longest_s(found: Counters, name: tuple[str, str]) -> float:
    scrapes = scrapes_of(found.book, name)
    return float(np.percentile(scrapes.took_s[:-1], 95)) if scrapes is not None and len(scrapes) > 1 else 0.0


def _one_counter(mine: RawSeries, its: RawSeries, took_s: float) -> int | None:
    """How often the samples of one rose on from the other's; None when they cannot be of one counter."""
    at_s = np.concatenate([mine.t_s, its.t_s])
    order = np.argsort(at_s, kind="stable")
    value = np.concatenate([mine.value, its.value])[order]
    whose = np.concatenate([np.zeros(len(mine)), np.ones(len(its))])[order]
    apart = np.diff(at_s[order]) > took_s
    rose = np.diff(value)
    if (rose[apart] < 0).any():
        return None
    return int((apart & (rose > 0) & (np.diff(whose) != 0)).sum())
