"""Tasks that loop for ever take an arrival each and no more; why all others are dropped is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from load_runs import run_for

from harness.facts import LoadSaid
from harness.ledger import read
from harness.load.generator import Generator

Load = Callable[..., Generator]


def told(facts: list[Any]) -> list[str]:
    return [fact.text for fact in facts if isinstance(fact, LoadSaid) and "in one task" in fact.text]


def test_tasks_that_never_end_are_told_once_with_the_place_at_which_one_stands(server: Any, load: Load) -> None:
    generator = load("endless", server.url, rate=10.0, max_in_flight=3, timeout_s=0.4)
    (said,) = told(run_for(generator, 5.5))
    assert re.match(
        r"[23] of 3 users have been in one task for more than 2 s \(one is at \S+endless\.py:1[234]\): ", said
    )
    assert read(generator.ledger).outcome("dropped").sum() > 20


def test_a_service_that_is_slow_is_not_taken_for_it(server: Any, load: Load) -> None:
    server.hold_s = 0.8
    generator = load("fast_http_user", server.url, rate=30.0, max_in_flight=3, timeout_s=0.7)
    assert told(run_for(generator, 5.0)) == []
    assert read(generator.ledger).outcome("dropped").sum() > 20
