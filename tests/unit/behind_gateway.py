"""A service behind a gateway that asks it again, several times or not at all, simulated: what each of both saw. Known truth."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from test_expectation_metric_doubts import TOTAL, book, judged
from truthful_service import Traffic, journal

from harness import facts as f
from harness.expectations.metric_count_truth import MetricCountTruth
from harness.journal import Journal
from harness.ledger import OUTCOMES
from harness.series import RawSeries
from harness.verdict import Finding

EDGES = ("gateway->api", "gateway->payments", "api->postgres")
COUNT = MetricCountTruth(metric=TOTAL)
BY_STATUS = MetricCountTruth(metric=TOTAL, request="{method} {route}", status="code")
Which = NDArray[np.bool_]
Spell = Callable[[dict[str, str]], dict[str, str]]


def told(*faults: str, from_s: float = 45.0, to_s: float = 85.0, edges: tuple[str, ...] = EDGES) -> Journal:
    """A run with these edges, and faults on them."""
    facts: list[f.Fact] = [f.EdgeFound(edge=edge, address=f"10.9.0.{n}", seen_s=0.2) for n, edge in enumerate(edges, 2)]
    for target in faults:
        name = f"slow/{target}"
        facts += [
            f.Injecting(fault=name, kind="latency", target=target, planned_s=from_s, seen_s=from_s - 0.5),
            f.Injected(fault=name, begun_s=from_s - 0.5, seen_s=from_s),
            f.Mended(fault=name, begun_s=to_s, seen_s=to_s + 0.1),
        ]
    return journal(more=tuple(facts))


def during(seen: Traffic, every: int = 1, from_s: float = 46.0, to_s: float = 84.0) -> Which:
    """Each so manieth request of that time."""
    found = (seen.sent_s > from_s) & (seen.sent_s < to_s)
    found[np.flatnonzero(found)[np.arange(found.sum()) % every > 0]] = False
    return found


def asked_again(seen: Traffic, which: Which, *, status: int = 503, times: int = 1) -> Traffic:
    """What the service counted where its caller asked for these so many times more, and those attempts ended so."""
    attempts = [seen]
    for _ in range(times):
        more = Traffic(*(column[which].copy() for column in vars(seen).values()))
        more.served_s -= 0.4 * more.inside_s
        more.inside_s *= 0.5
        more.counted_status[:] = status
        attempts.append(more)
    return Traffic(
        *(np.concatenate(columns) for columns in zip(*(vars(one).values() for one in attempts), strict=True))
    )


def not_asked(seen: Traffic, which: Which, *, status: int = 200) -> Traffic:
    """The gateway answered these so, without asking the service."""
    seen.served_s[which] = np.inf
    answered(seen, which, status)
    return seen


def answered(seen: Traffic, which: Which, status: int) -> None:
    """What users were told, whatever the service counted."""
    seen.status[which] = status
    seen.outcome[which] = OUTCOMES.index("ok" if status < 400 else f"{status // 100}xx")


def only(seen: Traffic, endpoint: int) -> Which:
    return np.asarray(seen.endpoint == endpoint)


def copied(seen: Traffic) -> Traffic:
    return dataclasses.replace(seen, **{name: column.copy() for name, column in vars(seen).items()})


def of_inner(
    claim: Any,
    seen: Traffic,
    counted: Traffic,
    run: Journal,
    against: str = "gateway",
    phase: str = "slow",
    spell: Spell = dict,
    **how: Any,
) -> Finding:
    """What a claim says of the service, where the load goes to `against`. `spell`: its series' labels."""
    series = {
        selector: tuple(RawSeries(spell(dict(one.labels)), one.t_s, one.value) for one in found)
        for selector, found in book(counted, claim, **how).items()
    }
    return judged(claim, seen, series, run, against=against, phase=phase)


__all__ = [
    "BY_STATUS",
    "COUNT",
    "EDGES",
    "answered",
    "asked_again",
    "copied",
    "during",
    "not_asked",
    "of_inner",
    "only",
    "told",
]
