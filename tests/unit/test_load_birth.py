"""Whose requests those are that a task does not send itself: the arrival's in whose task what sends them was born."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from load_runs import run_for

from harness.facts import LoadSaid
from harness.ledger import ASIDE, DEPENDENT, UNGATED, read
from harness.load.generator import Generator

Load = Callable[..., Generator]


def test_a_request_is_of_the_arrival_in_whose_task_its_greenlet_was_born(server: Any, load: Load) -> None:
    generator = load("born", server.url, rate=20.0, max_in_flight=24)
    said = [fact for fact in run_for(generator, 2.5) if isinstance(fact, LoadSaid)]
    rows = read(generator.ledger)

    def flags(name: str) -> set[int]:
        there = rows.at_endpoint(name)
        assert there.any(), f"no {name}"
        return set((rows.array["flags"][there] & (ASIDE | DEPENDENT | UNGATED)).tolist())

    assert flags("GET /forgotten") == flags("GET /beacon") == {DEPENDENT}, "the task was over"
    assert flags("GET /executor") == flags("GET /pool") | {0} == {0, DEPENDENT}, "its threads were there before"
    assert flags("GET /keep-alive") == {ASIDE, UNGATED}, "it was born in no task, whatever its user does meanwhile"
    assert flags("GET /thought") == {DEPENDENT}, "after the arrival that first thought, and after nothing else"
    parents = rows.array["parent"][rows.at_endpoint("GET /thought")]
    assert {rows.endpoints[number] for number in rows.array["endpoint"][parents]} == {""}

    (told,) = {fact.text for fact in said if fact.kind == "ungated"}
    assert "GET /keep-alive (at " in told
    assert "born.py:20) was sent outside of any arrival" in told
    assert told.endswith("start it in one, whose arrival it then belongs to")

    assert flags("POST /login") == {ASIDE}
    failed = [fact for fact in said if fact.text.startswith("POST /login of a user's own on_start")]
    assert sum(fact.count for fact in failed) > 0, "users that were replaced logged in during the load, in no claim"
