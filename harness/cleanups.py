"""Whether our own clean-up closed connections while a claim was decided, so that what broke then may be its doing. Pure.

The higher rungs of the clean-up ladder free a wedged Toxiproxy by closing the connections of an edge, or of every edge. That is no
part of the drill. What had failed before has failed, and what nothing but time or silence can fail is not touched by it. Every claim
is in one of three tables below.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from harness.expectations.asked import Ask, asked
from harness.facts import AlertChanged, Paged, RungTried, Sampled
from harness.journal import Journal
from harness.judge_claim import LogsUntil, judge_claim
from harness.ledger import DUE, NEVER, SENT, Rows
from harness.series import Book, known_until
from harness.verdict import Finding, Judged, Outcome

if TYPE_CHECKING:
    from harness.expectations.base import Logs
    from harness.judge_claim import Claim, DrillLike

BREAKS = frozenset(
    (
        "alert_clears",
        "alert_quiet",
        "answers_as_usual",
        "blame",
        "canary_judged",
        "errors_below",
        "healed",
        "impact",
        "leak",
        "log_coverage",
        "log_quiet",
        "metric_fresh",
        "metric_stays",
        "no_regression",
        "not_metastable",
        "outage_below",
        "recovers",
        "responds_within",
        "retries_bounded",
        "rolled_back",
        "state_restored",
        "stays_up",
        "traces",
    )
)
"""Claims that closed connections alone may fail."""
SHOWS = frozenset(("alert_fires", "dashboard_live", "log_seen", "page_sent"))
"""Claims that they may make pass: something is to be noticed, or to move, and it may be they that were."""
STANDS: Mapping[str, str] = {
    "metric_count_truth": "a request whose connection broke is counted either way",
    "metric_error_truth": "a request whose connection broke is counted either way",
    "metric_latency_truth": "a request whose connection broke is in no bucket, or in any",
    "on_call": "people are judged by what they did once they were shown a page",
    "orders_kept": "an order that was acknowledged outlives a closed connection, whoever closed it",
    "page_quality": "what a page says is its rule's and its template's, whatever made it fire",
}
"""Claims that closed connections decide neither way, and why."""
COUNTED: Mapping[str, frozenset[str] | None] = {
    "healed": frozenset(("not_healed",)),
    "log_quiet": None,
    "metric_fresh": frozenset(("counted_late", "error_late", "vanished")),
    "state_restored": frozenset(("restarted",)),
    "stays_up": None,
}
"""Of failures that no hypothesis is needed for, those that closed connections may have brought about all the same: by claim the
reasons, None for every one. What else was counted stands: it is so, whoever closed a connection."""


def under_cleanup(
    judged: Judged,
    drill: DrillLike,
    claim: Claim,
    journal: Journal,
    rows: Rows,
    logs: Logs,
    series: Book,
    ask: Ask = asked,
) -> Judged:
    """A claim that connections closed by our clean-up may have decided is open, unless it was decided so before them."""
    cut = cut_in(journal, judged, claim.expectation.word, claim.then)
    if cut is None:
        return judged
    known, at_s = journal.cut(cut.begun_s), cut.begun_s
    if claim.expectation.word in SHOWS:
        shown = shown_before(journal, at_s)
        before = judge_claim(drill, claim, shown, rows, LogsUntil(logs, at_s), over=True, series=series, ask=ask)
    else:
        before = judge_claim(
            drill,
            claim,
            known,
            rows_before(rows, at_s),
            logs,
            series=known_until(series, known.end_s),
            ask=ask,
        )
    return judged_under(judged, before.finding, cut)


def may_break(word: str, finding: Finding) -> bool:
    """Whether closed connections alone may have brought this failure about."""
    counted = COUNTED.get(word, frozenset())
    return word in BREAKS and (not finding.census or counted is None or finding.reason in counted)


def cut_in(journal: Journal, judged: Judged, word: str, then: bool) -> RungTried | None:
    """The first rung that closed connections in the stretch that a claim was decided in, where that can have decided it; else
    None. A claim about the time after a phase is about what the phase's clean-up left, too."""
    finding = judged.finding
    breaks = finding.outcome is Outcome.FAILED and may_break(word, finding)
    shows = finding.outcome is Outcome.PASSED and word in SHOWS
    window = journal.window(judged.phase, then)
    if window is None or not (breaks or shows):
        return None
    began = journal.phase_began(judged.phase) if then else None
    start_s = began.at_s if began else window.start_s
    rungs = (it for it in journal.of(RungTried) if it.cut)
    return next((it for it in rungs if it.seen_s >= start_s and it.begun_s < window.end_s), None)


def shown_before(journal: Journal, at_s: float) -> Journal:
    """The journal without what was noticed, or moved, from an instant on. That somebody was looking is not left out: a claim that something is
    noticed in time is decided when its time is over, upon what was noticed before."""
    told = (AlertChanged, Paged, Sampled)
    return Journal(tuple(fact for fact in journal.facts if fact.at_s < at_s or not isinstance(fact, told)))


def rows_before(rows: Rows, at_s: float) -> Rows:
    """The ledger as it stood at an instant."""
    part = rows.select(rows.intended_s <= at_s).snapshot()
    array, sent_s, done_s = part.array, part.sent_s, part.done_s
    unsent = ~np.isnan(sent_s) & (sent_s > at_s)
    running = ~unsent & ~np.isnan(done_s) & (done_s > at_s)
    array["took_us"][unsent | running] = NEVER
    array["outcome"][unsent | running] = 0
    array["state"][running] = SENT
    array["sent_us"][unsent] = NEVER
    array["state"][unsent] = DUE
    return part


def judged_under(judged: Judged, before: Finding, cut: RungTried) -> Judged:
    """The claim, open where it had not come to the same before connections were closed."""
    finding = judged.finding
    if before.outcome is finding.outcome:
        return judged
    edges = ", ".join(cut.cut)
    opened = dataclasses.replace(
        finding,
        outcome=Outcome.INCONCLUSIVE,
        reason="cut_by_cleanup",
        because=f"to take {cut.fault} out, our clean-up had to close the connections of {edges} at {cut.seen_s:.1f} s "
        f"({cut.rung}), which may have done this: {finding.because}",
        decide="a run whose faults go in the ordinary way",
        cites=(*finding.cites, cut.cite),
    )
    return dataclasses.replace(judged, finding=opened)
