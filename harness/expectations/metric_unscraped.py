"""Scrapes that gave nothing: what is known of why is what Prometheus was answered, by the target or by what stands before it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.expectations.metric_names import parsed
from harness.expectations.requests import cites
from harness.facts import TargetSeen
from harness.verdict import Finding, inconclusive

if TYPE_CHECKING:
    from harness.expectations.base import Evidence
    from harness.expectations.service_metric import ServiceMetric
    from harness.journal import Journal, Window

_ANSWERED = re.compile(r"server returned HTTP status (\d{3}.*)")  # scrape/scrape.go of Prometheus
OF_TARGETS = ("job", "instance")


def failing(journal: Journal, until_s: float) -> dict[tuple[str, str], TargetSeen]:
    """By job and instance, the targets that could not be scraped by then, as they were last seen."""
    last = {(seen.job, seen.instance): seen for seen in journal.of(TargetSeen, until_s=until_s)}
    return {name: seen for name, seen in last.items() if seen.error}


def told(seen: Sequence[TargetSeen]) -> str:
    """The first of them, behind a sentence; '' for none."""
    if not seen:
        return ""
    first, more = seen[0], f" ({len(seen) - 1} more could not be scraped)" if len(seen) > 1 else ""
    answer = _ANSWERED.search(first.error)
    if answer is None:
        return f"; scraping {first.instance} failed: {first.error}{more}"
    return f"; {first.instance} answered the scrape with {answer[1]}, by itself or by what stands in front of it{more}"


def no_series(claim: ServiceMetric, evidence: Evidence, window: Window) -> Finding:
    """That no target gave it, and which of those that the claim may mean could not be scraped."""
    matchers = [one for one in parsed(claim.only) if one.label in OF_TARGETS]
    seen = [
        one
        for one in failing(evidence.journal, window.end_s).values()
        if all(matcher.takes(one.job if matcher.label == "job" else one.instance) for matcher in matchers)
    ]
    scraped = "a target that can be scraped, and " if seen else ""
    return inconclusive(
        f"no series of {claim.selectors()[0]} in the window{told(seen)}",
        reason="no_series",
        decide=f"{scraped}a metric of that name, with these labels; `only` and `metric` as the service exposes them",
        cites=cites(evidence, *seen[:1]),
    )
