"""What a service tells in one dialect it tells in each; and its claims are found there, written as for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calibration.asking import SAID
from calibration.judged import Script
from calibration.simulator.dialects import COUNTER, DIALECTS, Dialect, line
from calibration.simulator.recording import Memo, Recording, simulate
from calibration.simulator.world import HONEST
from calibration.suite import TROUBLES, in_turn, spoken
from harness.logcause import Why, why
from harness.loglevels import ERROR, WARNING
from harness.logtext import Said


@pytest.fixture(scope="module")
def memo() -> Memo:
    return Memo(3)


def played(dialect: Dialect, memo: Memo) -> Recording:
    return simulate(Script.of("calm").data, replace(HONEST, dialect=dialect), 3, memo)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_each_dialect_counts_the_same_requests(dialect: Dialect, memo: Memo) -> None:
    metric = dialect.counter or f"{dialect.histogram}_count"
    series = played(dialect, memo).exposed.select(metric, {})
    plain = played(DIALECTS[0], memo).exposed.select(COUNTER, {})
    assert sum(one.values[-1] for one in series if one.values) == sum(one.values[-1] for one in plain)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_a_failure_says_its_level_its_cause_and_whom_it_names(dialect: Dialect) -> None:
    more = {"request_id": "drill-x-0-1", "trace_id": 32 * "a", "dependency": "postgres", "error_type": "refused"}
    for level, number in (("WARNING", WARNING), ("ERROR", ERROR)):
        said = Said(line(dialect, 12.0, level, "postgres: connection refused", more))
        assert said.level == number
        assert why(said) == Why.TOLD
        assert "postgres" in (*said.named(), *said.spoken().replace(":", " ").split())


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_a_failure_that_swallows_its_cause_tells_none(dialect: Dialect) -> None:
    more = {"request_id": "drill-x-0-1", "trace_id": 32 * "a"}
    assert why(Said(line(dialect, 12.0, "ERROR", "internal error", more))) == Why.NOTHING


def test_each_dialect_has_its_claims_and_every_trouble_is_played_in_each() -> None:
    assert {one.name for one in DIALECTS} == set(SAID)
    played_ = {(in_turn(seed)[1], spoken(seed).name) for seed in range(len(TROUBLES) * len(DIALECTS))}
    assert len(played_) == len(TROUBLES) * len(DIALECTS)
