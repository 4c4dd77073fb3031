"""Random gateways that retry, give up, answer from a copy or by themselves: the honest service behind them is never accused."""

from __future__ import annotations

import numpy as np
import pytest
from behind_gateway import BY_STATUS, COUNT, answered, of_inner, told
from test_expectation_metric_doubts import ERRORS, TIMER, TOTAL
from truthful_service import Traffic, traffic

from harness.expectations.metric_error_truth import MetricErrorTruth
from harness.expectations.metric_latency_truth import MetricLatencyTruth
from harness.verdict import Outcome

CLAIMS = (
    COUNT,
    BY_STATUS,
    MetricErrorTruth(metric=TOTAL, errors=ERRORS),
    MetricLatencyTruth(metric=TIMER),
)
TARGETS = ("gateway->api", "api->postgres", "gateway->payments", "api")


def played(random: np.random.Generator, target: str) -> tuple[Traffic, Traffic]:
    """What the load saw, and what the service counted, each attempt of the gateway's by itself."""
    seen = traffic(random)
    attempts, copies, hurt = int(random.integers(1, 4)), bool(random.integers(2)), float(random.uniform(0.02, 0.5))
    own = int(random.choice((502, 503, 504))) if "postgres" in target else int(random.choice((500, 503, 504)))
    place, status, after_s = [], [], []
    under_fault = (seen.sent_s > 45.5) & (seen.sent_s < 84)
    for i in range(len(seen)):
        at_s, failed = 0.0, under_fault[i] and random.uniform() < hurt
        left = attempts if failed and target != "gateway->payments" else 0
        while left:
            left -= 1
            kind = random.choice(("refused", "lost", "late", "503"))
            if target == "api->postgres":
                kind = random.choice(("late", "503"))
            if kind != "refused":
                place.append(i)
                status.append(503 if kind == "503" else 200)
                after_s.append(at_s + (0.5 if kind == "late" else 0.0))
            at_s += 0.2
            if random.uniform() < 0.4:
                failed = False
                break
        seen.took_s[i] += at_s
        if not failed or target == "gateway->payments":
            place.append(i)
            status.append(200)
            after_s.append(at_s)
        if failed and copies and seen.endpoint[i] in (1, 3):
            continue
        if failed:
            one = np.zeros(len(seen), bool)
            one[i] = True
            answered(seen, one, own)
    counted = Traffic(*(column[place].copy() for column in vars(seen).values()))
    counted.served_s += after_s
    counted.inside_s += np.where(np.array(after_s) % 0.2 > 0.05, 0.5, 0.0)
    counted.counted_status[:] = status
    return seen, counted


@pytest.mark.parametrize("seed", range(24))
def test_an_honest_service_behind_a_gateway_is_never_accused(seed: int) -> None:
    random = np.random.default_rng([12, seed])
    target = TARGETS[seed % len(TARGETS)]
    seen, counted = played(random, target)
    for claim in CLAIMS:
        for phase in ("", "slow"):
            finding = of_inner(claim, seen, counted, told(target), phase=phase)
            blind = finding.reason in ("blind", "optimistic") and isinstance(claim, MetricErrorTruth)
            assert blind or finding.outcome is not Outcome.FAILED, f"{claim.word} {target} {phase}: {finding.because}"
