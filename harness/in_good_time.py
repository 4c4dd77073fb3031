"""The ledger as if nobody had wanted for a processor: what came late came well, and at once. Pure.

A failure that this leaves standing is of errors that came as fast as good answers do: no full machine makes those.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.expectations.errors_below import service_gave_up
from harness.expectations.no_regression import baseline
from harness.expectations.requests import surely_away
from harness.facts import PhaseSettled
from harness.journal import Window
from harness.verdict import Finding, Outcome

if TYPE_CHECKING:
    from harness.expectations.asked import Ask
    from harness.expectations.base import Evidence, Expectation
    from harness.ledger import Rows

USUAL = 0.95
"""An error that took longer than so many of the calm answers to the same request may be a time-out of the service's own."""


def in_good_time(rows: Rows, start_s: float, end_s: float, calm: Window | None) -> Rows:
    """The rows, where those due in [start_s, end_s) that came late, or not at all, and all good ones were good and took no time.

    Late are time-outs, connections that broke once they were made, dropped arrivals, answers of somebody whose own time-out had run
    out, and errors slower than calm answers (refused connections among them); where none was seen in `calm`, every error.
    """
    from harness.ledger import DONE, OUTCOMES, UNREACHED

    found = rows.snapshot()
    array = found.array
    mine = (rows.intended_s >= start_s) & (rows.intended_s < end_s) & rows.asked()
    broke = rows.outcome("conn") & ~rows.has(UNREACHED)
    late = rows.outcome("", "ok", "timeout", "dropped") | broke | (array["state"] != DONE) | service_gave_up(array)
    good = mine & (late | (array["took_us"] > _usual_us(rows, calm)[array["endpoint"]]))
    values = {"outcome": OUTCOMES.index("ok"), "status": 200, "sent_us": 0, "took_us": 0, "state": DONE}
    for name, value in values.items():
        array[name][good] = value
    return found


def none_late(evidence: Evidence, stretch: Window | None) -> Evidence:
    """The evidence with such rows in a stretch. Users who wait ask less on a full machine, so that no rate is asked for."""
    if stretch is None:
        return evidence
    asked = tuple(one for one in evidence.steady.conditions if one.metric != "rate")
    return replace(
        evidence,
        rows=in_good_time(evidence.rows, stretch.start_s, stretch.end_s, baseline(evidence)),
        steady=replace(evidence.steady, conditions=asked),
    )


def still_fails(expectation: Expectation, evidence: Evidence, ask: Ask) -> Finding | None:
    """What a claim with patience fails by, and surely for no want of processors, where no request that decides it came late."""
    patient = expectation.patient(evidence)
    kept = none_late(evidence, patient.asked_in(evidence))
    finding = ask(patient, kept)
    return finding if finding.outcome is Outcome.FAILED and patient.stands(kept, finding) else None


def broken_at_once(evidence: Evidence) -> bool:
    """Whether errors that came at once broke the steady state to the end of the time in which a phase had to settle."""
    window, settled = evidence.window, evidence.journal.first(PhaseSettled, phase=evidence.phase, steady=False)
    if window is None or settled is None:
        return False
    start_s = max(window.start_s, settled.at_s - evidence.steady.for_s)
    return surely_away(none_late(evidence, Window(start_s, settled.at_s)), start_s, settled.at_s)


def _usual_us(rows: Rows, calm: Window | None) -> Any:
    """By endpoint, what a slow calm answer took."""
    import numpy as np

    usual = np.zeros(len(rows.endpoints))
    if calm is None or math.isinf(calm.end_s):
        return usual
    array = rows.array[rows.outcome("ok") & rows.between(calm.start_s, calm.end_s)]
    for number in np.unique(array["endpoint"]):
        usual[number] = np.quantile(array["took_us"][array["endpoint"] == number], USUAL, method="higher")
    return usual
