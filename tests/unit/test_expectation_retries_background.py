"""A counter that counts others too: health checks, pollers, a worker's batches. They go on when users ask less, and are no retries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from metastable import Told
from test_expectation_not_metastable import END_S as WATCHED_S
from test_expectation_not_metastable import OFF_S as GONE_S
from test_expectation_not_metastable import SELECTOR, evidence
from test_expectation_retries_bounded import END_S, OFF_S, ON_S, RATE, check, scraped, target

from harness.expectations.not_metastable import NotMetastable
from harness.verdict import Outcome

POLLED = 8.0


def operations(per_s: float) -> list[dict[str, Any]]:
    """Ten a second, and so many in the phase."""
    rows, at_s = [], 0.0
    while at_s < END_S:
        rows.append({"at_s": round(at_s, 3), "took_ms": 20.0})
        at_s += 1 / (per_s if ON_S <= at_s < OFF_S else RATE)
    return rows


def asked(per_s: float, others: Callable[[float], float], times: float = 1.0) -> Callable[[float], float]:
    """Others beside the operations, each of which asks once, and so many times in the phase."""
    return lambda at_s: others(at_s) + (times * per_s if ON_S <= at_s < OFF_S else RATE)


def even(at_s: float) -> float:
    return POLLED


def in_batches(at_s: float) -> float:
    return 10 * POLLED if at_s % 10 < 1 else 0.0


@pytest.mark.parametrize("others", [even, in_batches])
@pytest.mark.parametrize("per_s", [5.0, 2.0, 0.2])
def test_what_goes_on_when_users_ask_less_is_not_called_retries(others: Callable[[float], float], per_s: float) -> None:
    finding = check([(target(), scraped(asked(per_s, others), 5.0))], operations=operations(per_s))
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "background"), finding.because
    assert "health checks, pollers or workers" in finding.because
    assert "leaves out what asks without users" in finding.decide


@pytest.mark.parametrize(("per_s", "times"), [(10.0, 2.5), (5.0, 4.0), (2.0, 10.0)])
def test_more_than_others_and_users_ever_asked_are_retries(per_s: float, times: float) -> None:
    finding = check([(target(), scraped(asked(per_s, even, times), 5.0))], operations=operations(per_s))
    assert (finding.outcome, finding.reason) == (Outcome.FAILED, "amplified"), finding.because


@pytest.mark.parametrize("times", [1.0, 3.0])
def test_after_the_fault_others_sustain_nothing(times: float) -> None:
    """Sixty attempts a second beside twenty requests, of which a tenth less come after the fault."""
    rows: list[dict[str, Any]] = []
    points, at_s, count = [(0.0, 0.0)], 0.0, 0.0
    while at_s < WATCHED_S:
        per_s = 18.0 if at_s >= GONE_S else 20.0
        rows.append({"at_s": at_s, "took_ms": 20.0})
        count += 60 / per_s + (times if at_s >= GONE_S else 1.0)
        at_s += 1 / per_s
        if at_s >= points[-1][0] + 1:
            points.append((at_s, count))
    claim = NotMetastable(for_s="90s", within="3s", attempts=SELECTOR, amplification=1.05)
    finding = claim.check(evidence(Told(rows, points)))
    wanted = (Outcome.INCONCLUSIVE, "background") if times == 1 else (Outcome.FAILED, "amplified")
    assert (finding.outcome, finding.reason) == wanted, finding.because
