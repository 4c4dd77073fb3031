"""Whom a steady state that came back leaves behind: a name of few requests, bad for ever, is lost in the share of all. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.expectations.base import Evidence
from harness.expectations.requests import error_rows, now_s
from harness.facts import GateHeld, Injecting, LoadBegan, LoadEnded
from harness.journal import Window
from harness.stats import Condition
from harness.stats.holm import ALPHA, holm
from harness.stats.interval import clopper_pearson
from harness.stats.names import by_name, more_than_before

FAR = 5.0
"""So many times the bad requests that a condition allows, surely, are more than a name that is a little worse than the others."""
SHOWN = 3


@dataclass(frozen=True)
class Behind:
    """Of a name's requests, how many count against a condition: `bad` of `of` since the steady state is back, and before the first
    fault. `sure` when that is no chance, and goes on."""

    request: str
    condition: Condition
    bad: int
    of: int
    bad_before: int
    of_before: int
    sure: bool = False

    def __str__(self) -> str:
        before = f"{self.bad_before} of {self.of_before}" if self.of_before else "it was not asked for"
        return f"{self.request}: {self.bad} of {self.of} requests since against {self.condition} (before the first fault {before})"


@dataclass(frozen=True)
class Left:
    """`broken` surely; of `few` most requests are bad, and too few were due, now or before, to be sure. `rows`: some that show it."""

    broken: tuple[Behind, ...] = ()
    few: tuple[Behind, ...] = ()
    rows: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        return f"; not shown to be back: {_listed(self.few)}" if self.few else ""

    def __str__(self) -> str:
        return _listed(self.broken)


def left_behind(evidence: Evidence, since_s: float, until_s: float) -> Left:
    """By each condition on all requests, the names that were well before the first fault and are not in [since_s, until_s)."""
    journal, rows, now = evidence.journal, evidence.rows, now_s(evidence.journal)
    first, held, began = journal.first(Injecting), journal.first(GateHeld), journal.first(LoadBegan)
    if first is None or not (held or began) or not since_s < until_s:
        return Left()
    well_s = held.at_s - evidence.steady.for_s if held else began.begins_s if began else 0.0
    given_up_s = evidence.timeout_s if journal.last(LoadEnded) else math.inf
    spans = ((since_s, until_s), ((since_s + until_s) / 2, until_s), (well_s, first.at_s))
    asked, chances = [], []
    for condition in evidence.steady.conditions:
        if condition.request or condition.metric == "rate" or not condition.op.startswith("<"):
            continue
        seen = [by_name(rows, condition, *span, now, given_up_s) for span in spans]
        for number, name in enumerate(rows.endpoints):
            (bad, of), late, (bad_before, of_before) = ((int(k[number]), int(n[number])) for k, n in seen)
            if name and of:
                goes_on = _far_beyond(condition, bad, of) and _far_beyond(condition, *late)
                asked.append((Behind(name, condition, bad, of, bad_before, of_before), goes_on))
                chances.append(more_than_before(bad, of, bad_before, of_before))
    among = sum(1 for one, _ in asked if one.of_before)
    sure = [p < ALPHA and goes_on for p, (_, goes_on) in zip(holm(chances, among), asked, strict=True)]
    broken = tuple(one for (one, _), is_so in zip(asked, sure, strict=True) if is_so)
    few = tuple(one for (one, _), is_so in zip(asked, sure, strict=True) if not is_so and _mostly(one))
    shown = error_rows(evidence, Window(since_s, until_s), broken[0].request, ()) if broken else ()
    return Left(broken, few, shown)


def _far_beyond(condition: Condition, bad: int, of: int) -> bool:
    """Whether the share of bad ones is surely (one-sided, 95 %) many times what the condition allows, or as near to all as it can be."""
    allowed = condition.value if condition.metric == "errors" else 1 - (condition.quantile or 0.0)
    return clopper_pearson(bad, of, 1 - 2 * ALPHA)[0] > min(FAR * allowed, (1 + allowed) / 2)


def _mostly(one: Behind) -> bool:
    """Most of its requests are bad, and were not before."""
    return 2 * one.bad > one.of and not 2 * one.bad_before > one.of_before


def _listed(found: tuple[Behind, ...]) -> str:
    rest = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(map(str, found[:SHOWN])) + rest
