"""Requests in a service's counter that the load does not make, told by their route: health checks, scrapes, other callers. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.expectations.metric_doubts import elsewhere
from harness.expectations.metric_names import as_matched, known_labels, path_of
from harness.urls import of_health
from harness.verdict import Finding, inconclusive

if TYPE_CHECKING:
    from harness.expectations.metric_sides import Told

SHOWN = 5
ENOUGH = 100  # that these came just as often is no coincidence
_SCRAPED = frozenset(("metrics", "prometheus"))


def others(
    told: Told, labels: Sequence[Mapping[str, str]], rose: Sequence[float], least: int, most: int
) -> Finding | None:
    """Why more may have been counted than the load sent, at most `most`: without the series of routes that are none of the load's it
    is right. None: it is not, or nothing tells of routes.

    labels, rose  by place, those of the series and how many requests each counted
    """
    if told.claim.request:  # what is none of the load's is left out already
        return None
    for label, foreign in _routes(told, labels):
        counts: dict[str, float] = defaultdict(float)
        for count, one in zip(rose, labels, strict=True):
            counts[one.get(label, "")] += count
        there = sorted(value for value in foreign if counts[value])
        aside = sum(counts[value] for value in there)
        if not there or not least <= sum(rose) - aside <= most or _again(told, counts, there):
            continue
        rest = f" and {len(there) - SHOWN} more" if len(there) > SHOWN else ""
        only = ",".join(filter(None, (told.claim.only, f'{label}!~"{"|".join(map(as_matched, there))}"')))
        return inconclusive(
            f"{told.claim.metric} counted {sum(rose):g} {told.where}, and the load had at most {most}: {aside:g} are of "
            f"{', '.join(there[:SHOWN])}{rest}, for which the load does not ask, and without them it is right",
            reason="others_too",
            decide=f"what the load does not ask for left out: only: '{only}'",
            cites=told.cites(),
            details=told.details(("of others", f"{aside:g} by {label}")),
        )
    return None


def _routes(told: Told, labels: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, set[str]]]:
    """By each label that tells of routes, its values that are none of the load's: first all that the load does not ask for, where
    the label spells what it does; then what asks for health and metrics alone."""
    asked = [path_of(name) for name in told.evidence.rows.endpoints if name]
    for label in known_labels(labels):
        values = {value for one in labels if "/" in (value := one.get(label, ""))}
        mine = {value for value in values if any(_same(path_of(value), path) for path in asked)}
        if mine:
            every = {one.get(label, "") for one in labels}
            yield label, {value for value in every - mine if value and not elsewhere(value)}
        yield label, {value for value in values - mine if _of_nobody(value)}


def _again(told: Told, counts: Mapping[str, float], there: Sequence[str]) -> bool:
    """Whether one of these routes, or all together, came as often as all that the load asked, or as one of its names: what is
    counted a second time under another name does."""
    census, numbers = told.census, range(len(told.evidence.rows.endpoints))
    often = [counts[value] for value in there if not _of_nobody(value)]
    known = [(census.least(one), census.most(one)) for one in (numbers, *([number] for number in numbers))]
    return any(least >= ENOUGH and least <= n <= most for least, most in known for n in (*often, sum(often)))


def _of_nobody(route: str) -> bool:
    return of_health(route) or bool(_SCRAPED & set(re.findall(r"[a-z]+", route.lower())))


def _same(path: str, other: str) -> bool:
    """Whether two paths are the same but for parameters, one of which may be written out: orders/17 and orders/*."""
    mine, its = path.split("/"), other.split("/")
    return len(mine) == len(its) and all(a == b or "*" in (a, b) for a, b in zip(mine, its, strict=True))
