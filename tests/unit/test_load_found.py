"""Locustfiles as they are found elsewhere, in ways that are none of ours: each request in the ledger, by its name and outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Loaded = Callable[..., Any]


def test_a_journey_of_sets_within_sets_is_made_of_arrivals(server: Any, loaded: Loaded) -> None:
    run = loaded("journey", server.url, for_s=2.0)
    found = {name: set(outcomes) for name, outcomes in run.by_endpoint().items() if name}
    steps = ["POST /cart/add", "GET /confirm", "POST /pay", "GET /look"]
    assert {name: found.get(name) for name in steps} == {name: {"ok"} for name in steps}
    assert set(found) - set(steps) <= {"GET /cart/open"}
    added, confirmed = (sum(run.by_endpoint()[name].values()) for name in steps[:2])
    assert abs(added - 2 * confirmed) <= 2 * 20, "a step of two requests, then one, for each of twenty users"


def test_users_chosen_in_init_messages_and_a_rest_of_their_own(server: Any, loaded: Loaded) -> None:
    run = loaded("scenarios", server.url, for_s=1.0)
    found = {name: set(outcomes) for name, outcomes in run.by_endpoint().items() if name}
    assert found == {"GET /items/2": {"ok"}, "GET /html": {"wrong"}}
    assert {path for _, path, _, _ in server.seen} == {"/json?ann", "/plain"}
    assert "SEEN 2" in run.log
