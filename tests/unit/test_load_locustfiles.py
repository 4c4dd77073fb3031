"""Locustfiles work unchanged under arrivals. Each run also counts: what arrived at the server is what the ledger
says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.facts import LoadBegan, LoadEnded, LoadReady, LoadSaid
from harness.ledger import AGAIN, ASIDE, DEPENDENT, DONE, OUTCOMES, REDIRECTED, SENDS_SEEN, UNREACHED, row_of_request_id

Loaded = Callable[..., Any]


def test_users_log_in_before_the_gate_and_that_counts_in_no_claim(server: Any, loaded: Loaded) -> None:
    run = loaded("http_user", server.url)

    logins = run.rows.at_endpoint("POST /login")
    assert logins.sum() == 20
    assert (run.rows.counted() & logins).sum() == 0
    assert run.rows.done_s[logins].max() < run.of(LoadBegan)[0].begins_s
    assert run.of(LoadReady)[0].users == 20
    assert sum(1 for _, path, _, _ in server.seen if path == "/logout") == 20
    assert (run.rows.counted() & run.rows.at_endpoint("GET /logout")).sum() == 0


def test_wait_time_is_ignored_and_said_so_once(server: Any, loaded: Loaded) -> None:
    run = loaded("http_user", server.url)

    said = [fact for fact in run.of(LoadSaid) if "wait_time" in fact.text]
    assert [(fact.kind, fact.count) for fact in said] == [("warning", 1)]
    assert "Reader" in said[0].text


def test_shapes_are_left_unused_and_said_so_with_their_places(server: Any, loaded: Loaded) -> None:
    run = loaded("shaped", server.url)  # which also counts: the drill's arrivals arrive and no more

    said = [fact.text.rpartition("/")[2] for fact in run.of(LoadSaid)]
    unused = "is a LoadTestShape and is left unused: the drill's own arrivals are the load"
    assert sorted(said) == [f"shaped.py:7: Waves {unused}", f"shapes_beside.py:4: Steps {unused}"]
    assert "nobody asks it" not in run.log


def test_weights_of_tasks_and_the_later_requests_of_a_task_are_seen(server: Any, loaded: Loaded) -> None:
    run = loaded("fast_http_user", server.url, rate=200.0)

    found = {name: sum(outcomes.values()) for name, outcomes in run.by_endpoint().items()}
    assert found["GET /json"] / found["GET /search"] == pytest.approx(3, rel=0.5)
    assert found["GET /plain"] == found["GET /search"]
    dependent = np.flatnonzero(run.rows.has(DEPENDENT))
    parents = run.rows.array["parent"][dependent]
    assert {run.rows.endpoints[run.rows.array["endpoint"][p]] for p in parents} == {"GET /search"}


def test_ids_go_with_each_request_and_never_over_the_locustfiles_own(server: Any, loaded: Loaded) -> None:
    run = loaded("fast_http_user", server.url)

    ids = [i for _, path, i, _ in server.seen if path != "/plain"]
    assert len(set(ids)) == len(ids)
    assert all(row_of_request_id(i) for i in ids)
    assert {i for _, path, i, _ in server.seen if path == "/plain"} == {"mine-7"}
    traces = [trace for _, _, _, trace in server.seen]
    assert len(set(traces)) == len(traces) == len(run.rows) - run.rows.outcome("dropped").sum()
    assert all(len(trace) == 55 for trace in traces)


def test_each_step_of_a_sequence_is_an_arrival_and_the_order_is_kept(server: Any, loaded: Loaded) -> None:
    run = loaded("sequential", server.url, max_in_flight=1, rate=30.0)

    paths = [path.rpartition("/")[2] for _, path, _, _ in server.seen]
    assert paths == (["first", "second", "third"] * len(paths))[: len(paths)]
    assert len(paths) == (~run.rows.outcome("dropped")).sum()


def test_sets_are_entered_and_left_by_arrivals_once_the_load_has_begun(server: Any, loaded: Loaded) -> None:
    run = loaded("nested", server.url, rate=100.0)

    aside = run.rows.select(run.rows.has(ASIDE))
    assert {aside.endpoints[e] for e in np.unique(aside.array["endpoint"])} <= {"GET /enter", "GET /exit"}
    assert {"GET /enter", "GET /exit", "GET /json", "POST /plain", "GET /plain"} <= set(run.by_endpoint())
    left = run.rows.has(DEPENDENT)[run.rows.at_endpoint("GET /exit") & run.rows.counted()]
    assert left.all(), "by the arrival whose task left it"


def test_arrivals_fall_to_classes_by_weight(server: Any, loaded: Loaded) -> None:
    run = loaded("weights", server.url, rate=200.0)

    found = {name: sum(outcomes.values()) for name, outcomes in run.by_endpoint().items()}
    assert found["GET /view"] / (found["GET /view"] + found["GET /edit"]) == pytest.approx(0.8, abs=0.1)
    assert "GET /never" not in found


def test_arrivals_fall_to_a_class_of_fixed_count_by_its_number_of_users(server: Any, loaded: Loaded) -> None:
    run = loaded("fixed_count", server.url, rate=200.0, max_in_flight=10)

    found = {name: sum(outcomes.values()) for name, outcomes in run.by_endpoint().items()}
    assert found["GET /admin"] / (found["GET /admin"] + found["GET /use"]) == pytest.approx(0.2, abs=0.1)


def test_tags_choose_tasks(server: Any, loaded: Loaded) -> None:
    run = loaded("tagged", server.url, tags=("keep",), exclude_tags=("slow",))

    assert set(run.by_endpoint()) == {"GET /kept"}


def test_the_locustfiles_word_decides_the_outcome(server: Any, loaded: Loaded) -> None:
    run = loaded("catch_response", server.url, rate=150.0)

    outcomes = {name: set(found) for name, found in run.by_endpoint().items()}
    assert outcomes == {
        "GET /failure": {"wrong"},
        "GET /success": {"ok"},
        "GET /silent": {"5xx"},
        "GET /raises": {"wrong"},
        "GET /noblock": {"ok"},
        "GET /outer": {"wrong"},
        "GET /inner": {"ok"},
    }
    assert set(run.rows.array["state"]) == {DONE}


def test_rest_works_with_both_clients(server: Any, loaded: Loaded) -> None:
    run = loaded("rest", server.url, rate=100.0)

    assert {name: set(found) for name, found in run.by_endpoint().items()} == {
        "GET /good": {"ok"},
        "GET /nojson": {"wrong"},
        "GET /asserted": {"wrong"},
        "GET /stamped": {"ok"},
    }


def test_a_client_of_its_own_is_recorded_from_the_request_event(server: Any, loaded: Loaded) -> None:
    run = loaded("by_hand", server.url, rate=100.0)

    found = run.by_endpoint()
    assert {name: set(outcomes) for name, outcomes in found.items()} == {
        "GRPC Say": {"ok"},
        "SQL select": {"ok"},
        "SQL refused": {"conn"},
        "": {""},
    }
    said = run.rows.select(run.rows.at_endpoint("GRPC Say"))
    assert np.all(said.service_ms >= 2)
    assert np.all(said.array["size"] == 7)
    assert not run.rows.has(SENDS_SEEN).any(), "while one is under way, nothing tells of it"
    assert np.all(run.rows.array["state"] == DONE)


def test_clients_keep_their_ways_and_failures_have_their_class(server: Any, loaded: Loaded) -> None:
    run = loaded("clients", server.url, rate=120.0, for_s=2.0, max_in_flight=60)

    assert {name: set(found) for name, found in run.by_endpoint().items()} == {
        "GET /grouped": {"ok"},
        "GET /streamed": {"ok"},
        "GET /followed": {"ok"},
        "GET /not-followed": {"ok"},
        "GET /impatient": {"timeout"},
        "GET /cut": {"conn"},
        "POST /closed": {"conn"},
        "GET /refused": {"conn"},
        "GET /fast-followed": {"ok"},
        "GET /fast-not-followed": {"ok"},
        "GET /fast-streamed": {"ok"},
        "GET /parallel": {"ok"},
        "GET /fast-cut": {"conn"},
        "POST /fast-closed": {"conn"},
        "GET /fast-refused": {"conn"},
    }
    shapes = {
        run.rows.endpoints[e]: run.rows.shapes[s] for e, s in np.unique(run.rows.array[["endpoint", "shape"]]).tolist()
    }
    assert shapes["GET /followed"] == shapes["GET /fast-followed"] == "application/json -> /json items[].id,ok"
    assert shapes["GET /not-followed"] == shapes["GET /fast-not-followed"] == "text/plain -> /json"
    assert set(run.rows.versions) == {"", "v7"}
    assert np.array_equal(run.rows.has(SENDS_SEEN), ~run.rows.has(DEPENDENT)), "each arrival's first"
    parallel = run.rows.select(run.rows.at_endpoint("GET /parallel"))
    assert parallel.has(DEPENDENT).sum() == 2 * (~parallel.has(DEPENDENT)).sum()


def test_a_followed_redirect_is_known_and_what_fails_behind_it_was_not_refused(server: Any, loaded: Loaded) -> None:
    run = loaded("moving", server.url, for_s=2.0)

    told = {
        name: {(OUTCOMES[row["outcome"]], int(row["flags"] & (REDIRECTED | UNREACHED))) for row in rows}
        for name, rows in ((name, run.rows.array[run.rows.at_endpoint(name)]) for name in run.by_endpoint())
        if name  # not what was dropped: a busy machine has no user left for it
    }
    wanted = {
        "POST /to-none": {("4xx", REDIRECTED)},
        "POST /to-nobody": {("conn", REDIRECTED)},
        "POST /on": {("ok", REDIRECTED)},
        "POST /refused": {("conn", UNREACHED)},
    }
    assert told == wanted | {name.replace("/", "/fast-"): found for name, found in wanted.items()}


def test_what_is_sent_again_is_no_refusal_by_what_its_last_attempt_or_an_older_request_met(
    server: Any, loaded: Loaded
) -> None:
    run = loaded("retrying", server.url, for_s=2.0)

    told = {
        name.removeprefix("POST "): {
            (OUTCOMES[row["outcome"]], int(row["flags"] & (AGAIN | UNREACHED))) for row in rows
        }
        for name, rows in ((name, run.rows.array[run.rows.at_endpoint(name)]) for name in run.by_endpoint())
        if name
    }
    by_hand = {"first": {("conn", UNREACHED)}, "second": {("conn", 0)}}
    assert told == {
        **by_hand,
        **{f"fast-{name}": found for name, found in by_hand.items()},
        "PUT fast-put": {("conn", AGAIN)},
        "adapted-first": {("conn", UNREACHED)},
        "adapted-second": {("conn", AGAIN)},
        "adapted-gone": {("conn", AGAIN)},
        "adapted-busy": {("4xx", AGAIN)},
        "adapted-nobody": {("conn", UNREACHED)},
    }


def test_a_seed_repeats_the_choice_of_tasks_and_not_the_keys_that_a_locustfile_draws(
    server: Any, loaded: Loaded
) -> None:
    """A former run's keys would be there already wherever data stay."""
    chosen, drawn = [], []
    for _ in range(2):
        run = loaded("drawing", server.url, seed=7, max_in_flight=1)  # with more, who is free first differs
        tasks = run.rows.array["endpoint"][run.rows.counted() & ~run.rows.outcome("dropped")][:10]
        chosen.append([run.rows.endpoints[number] for number in tasks])
        drawn += [path.partition("?")[2] for _, path, *_ in server.seen]
        server.seen.clear()
    assert chosen[0] == chosen[1]
    assert len(set(chosen[0])) == 2
    assert len(set(drawn)) == len(drawn)


def test_users_choose_their_tasks_and_the_shell_chooses_none(
    server: Any, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCUST_TAGS", "slow")
    monkeypatch.setenv("LOCUST_EXCLUDE_TAGS", "fast")
    monkeypatch.setenv("LOCUST_USERS", "nonsense")
    monkeypatch.setenv("LOCUST_TEST_TENANT", "acme")
    assert set(loaded("choosing", server.url).by_endpoint()) == {"GET /view/acme", "GET /edit", "GET /walk"}
    server.seen.clear()
    assert set(loaded("tagged", server.url).by_endpoint()) == {"GET /kept", "GET /excluded", "GET /untagged"}


def test_events_options_and_context_reach_the_locustfile_as_ever(server: Any, loaded: Loaded) -> None:
    run = loaded("events_and_options", server.url)

    seen = [line.partition("SEEN ")[2] for line in run.log.splitlines() if line.startswith("SEEN ")]
    assert seen == [
        "init vanilla None",
        "test_start http://",
        "spawned 20",
        "request /renamed {'who': 'me', 'more': 1} None",
        "test_stop",
        "quitting True",
    ]
    assert set(run.by_endpoint()) == {"GET /renamed"}


def test_exceptions_are_said_and_users_that_end_are_replaced(server: Any, loaded: Loaded) -> None:
    run = loaded("raising", server.url, rate=60.0, for_s=2.5, max_in_flight=30)

    said = run.of(LoadSaid)
    assert any("raising.py:" in fact.text and "before any request" in fact.text for fact in said)
    replaced = sum(fact.count for fact in said if fact.kind == "replaced")
    assert replaced >= sum(run.by_endpoint()["GET /goes"].values()) - 5 > 0
    thinking = run.rows.at_endpoint("GET /after-thinking")
    parents = run.rows.array["parent"][thinking]
    waited_s = run.rows.intended_s[thinking] - run.rows.done_s[parents]
    assert waited_s.min() >= 0.049, "self.wait() inside a task is the task's own affair"
    assert run.of(LoadEnded)[0].clean


def test_requests_that_no_arrival_began_are_told(server: Any, loaded: Loaded) -> None:
    run = loaded("background", server.url)

    ungated = run.rows.has(4)
    assert ungated.sum() > 20
    assert {run.rows.endpoints[e] for e in run.rows.array["endpoint"][ungated]} == {"GET /poll"}
    told = [fact for fact in run.of(LoadSaid) if fact.kind == "ungated"]
    assert sum(fact.count for fact in told) == pytest.approx(ungated.sum(), abs=20)
    assert "GET /poll" in told[0].text


def test_the_closed_model_paces_itself(server: Any, loaded: Loaded) -> None:
    run = loaded("fast_http_user", server.url, model="closed", users=5, for_s=1.5)

    counted = run.rows.select(run.rows.counted())
    first = counted.select(~counted.has(DEPENDENT))
    assert len(first) == 5, "constant_throughput(0.1): one task each in the first ten seconds"
    assert np.all(first.late_ms == 0)
    assert first.intended_s.min() >= run.of(LoadBegan)[0].begins_s
    assert not counted.has(4).any()


def test_a_walk_along_a_markov_chain_is_made_of_arrivals(server: Any, loaded: Loaded) -> None:
    run = loaded("markov", server.url)

    assert set(run.by_endpoint()) == {"GET /step/index", "GET /step/browse"}
