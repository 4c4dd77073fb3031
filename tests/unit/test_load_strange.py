"""Locustfiles that do more than call their user's client: each request in the ledger once, none of it held against a service."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from load_runs import run_for

from harness.facts import LoadEnded, LoadSaid, LoadSampled
from harness.ledger import ASIDE, REDIRECTED, UNGATED, read
from harness.load.asked import Operation
from harness.load.generator import Generator

Load = Callable[..., Generator]


def said(facts: list[Any]) -> str:
    return "\n".join(f"{fact.kind}: {fact.text}" for fact in facts if isinstance(fact, LoadSaid))


def test_ways_in_and_out_of_a_task_that_blame_neither_the_service_nor_the_load(
    server: Any, loaded: Callable[..., Any]
) -> None:
    orders = (Operation("order", "GET /absolute?x=1", header="Key"),)
    run = loaded("strange_clients", server.url, rate=25.0, for_s=2.5, max_in_flight=40, users_at_least=1, orders=orders)

    paths = [
        "after-a-pause",
        "reschedule",
        "stop-user",
        "before-the-end",
        "cut-at-the-end",
        "own-session",
        "no-headers",
    ]
    paths += ["own-id", "absolute?x=1", "params?q=a+b", "followed", "not-followed", "interrupt"]
    paths.append("asset")
    fine = {f"GET /{path}": {"ok"} for path in paths} | {"HEAD /head": {"ok"}}
    found = {name: set(outcomes) for name, outcomes in run.by_endpoint().items()}
    assert "" in found.pop(""), "the arrivals whose tasks paused asked nothing"
    assert found == {
        **fine,
        "GET /stop-user-404": {"4xx"},
        "GET /gave-up": {"5xx"},
    }
    told = said(run.facts)
    assert "ungated" not in told
    assert not run.rows.has(UNGATED).any()
    assert run.rows.has(ASIDE)[run.rows.at_endpoint("GET /asset")].any(), "entered before the load began"

    paused = run.rows.select(run.rows.at_endpoint("GET /after-a-pause"))
    assert paused.late_ms.min() < 200.0, "the pause of 300 ms is the locustfile's own"
    assert "ms before their first request (before " in told
    assert "strange_clients.py:17)" in told

    redirected = run.rows.array["endpoint"][run.rows.has(REDIRECTED)]
    assert {run.rows.endpoints[number] for number in redirected} == {"GET /followed"}
    (book,) = run.folder.glob("orders/asked-*.jsonl")
    kept = [json.loads(line) for line in book.read_text().splitlines()]
    assert [one["row"] for one in kept] == np.flatnonzero(run.rows.at_endpoint("GET /absolute?x=1")).tolist()
    assert {one["key"] for one in kept} == {"k"}


def test_standing_headers_that_are_replaced_by_as_many_others_are_looked_at_again(server: Any, load: Load) -> None:
    run_for(load("headers_replaced", server.url, rate=20.0, max_in_flight=2), 0.5)
    sent = {path: {one[2] == "mine" for one in server.seen if one[1] == path} for path in ("/before", "/after")}
    assert sent == {"/before": {False}, "/after": {True}}


def test_users_that_are_made_slowly_hold_up_nothing_and_their_logins_are_preparation(server: Any, load: Load) -> None:
    generator = load("slow_to_make", server.url, rate=10.0, max_in_flight=4)
    facts = run_for(generator, 3.2)
    assert len([fact for fact in facts if isinstance(fact, LoadSampled)]) >= 2
    assert "a Visitor ended and was replaced" in said(facts)
    rows = read(generator.ledger)
    for name in ("GET /login", "GET /token"):
        assert rows.at_endpoint(name).any()
        assert rows.has(ASIDE)[rows.at_endpoint(name)].all()
    assert not rows.has(UNGATED).any()


def test_what_is_received_is_aside_and_a_full_disk_ends_the_load(server: Any, load: Load) -> None:
    generator = load("received", server.url)
    facts = run_for(generator, 10.0)
    (ended,) = [fact for fact in facts if isinstance(fact, LoadEnded)]
    assert not ended.clean
    assert "the ledger's names cannot be written" in ended.detail
    told = said(facts)
    assert "warning: IN message was told outside of any arrival" in told
    assert "ungated" not in told
