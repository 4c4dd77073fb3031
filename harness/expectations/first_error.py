"""Whether a metric that never was, and of which no target tells, may come with its first error, by what the load met. Pure.

Go's and OpenTelemetry's vectors show nothing at all before their first child, so that a right rule on one reads in a good run what a
misspelt one reads. Once requests failed, and there still is none, nobody knows which of the two it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from harness.expectations.base import Evidence
from harness.expectations.requests import folded, known_until_s
from harness.facts import SelectorSeen
from harness.journal import Window

TROUBLE = re.compile(
    r"(^|_)(err(or)?s?|fail(ed|ures?)?|exceptions?|reject\w*|timeouts?|dropped|drops|lost|panics?|abort\w*|retr(y|ies)|dead|"
    r"unavailable|refused|throttled|oom|parked|discarded|invalid|conflicts?|deadlocks?|bad|misses)($|_)"
)
"""In the names of metrics that count what goes wrong, and so may appear with the first of it."""
METRIC = (
    "the metric's name as a target exposes it; or, where it only comes with the first error, its help from the start, or a counter that"
    " begins at 0"
)


@dataclass(frozen=True)
class Met:
    """What the load met from the steady state until an instant: how many requests ended, and how many of them failed. Arrivals that it
    dropped itself are neither: nothing was asked."""

    until_s: float
    ended: int = 0
    failed: int = 0

    @property
    def no_failure(self) -> bool:
        return self.ended > 0 and self.failed == 0


Meeting = Callable[[], Met]
"""Counts it when it is asked for: most rules read nothing that needs it."""


def met(evidence: Evidence, until_s: float) -> Met:
    """Nothing where the requests due until then are not all known."""
    whole = evidence.journal.window("", False)
    if whole is None or known_until_s(evidence.journal) < until_s:
        return Met(until_s)
    found = folded(evidence, whole.start_s, until_s)
    failed = found.errors_but("dropped")
    return Met(until_s, found.ok + failed, failed)


def unheard(one: SelectorSeen) -> bool:
    """Whether it is such a metric, by a name that counts what goes wrong, and nothing speaks against that name."""
    never = bool(one.metric) and not (one.spans or one.of_metric or one.described)
    return never and bool(TROUBLE.search(one.metric)) and not (one.like or one.unknown)


def may_be(one: SelectorSeen, meeting: Meeting) -> bool:
    """Whether its rule may be right: the name was a metric's before the run, or no error was that should have brought it."""
    return unheard(one) and (one.before or meeting().no_failure)


def open_still(one: SelectorSeen, meeting: Meeting) -> str:
    """Of one of which nobody knows: what there was that should have brought it."""
    vectors = "Go's and OpenTelemetry's vectors show nothing before their first error"
    load = meeting()
    if not load.failed:
        return f"there is no metric {one.metric} ({vectors}), and no request is known to have ended until {load.until_s:.1f} s"
    requests = f"{load.failed} request{'s' if load.failed != 1 else ''}"
    return f"{requests} failed until {load.until_s:.1f} s and there is still no metric {one.metric} ({vectors})"


def name_told(one: SelectorSeen) -> str:
    """What is to be said of one that may be right; '' for what is none."""
    if not unheard(one):
        return ""
    if one.before:
        return f" (there was a metric {one.metric} before this run)"
    return f" (nothing tells of a metric {one.metric} yet; a misspelt name would look the same)"


def without(evidence: Evidence, window: Window) -> str:
    """What may be behind a series that nothing has: no error was, or it is not of those that the load met."""
    errors = folded(evidence, window.start_s, window.end_s).errors_but("dropped")
    return f"though {errors} requests ended in error then" if errors else "as before its first error"
