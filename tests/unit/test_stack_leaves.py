"""Only what calls nobody, waits for nobody and is not held may start first."""

from __future__ import annotations

from typing import Any

import pytest

from harness.edges import Edge
from harness.stack.leaves import leaves


def config(**changes: dict[str, Any]) -> dict[str, Any]:
    services: dict[str, dict[str, Any]] = {"api": {}, "db": {}, "pages": {}}
    return {"services": services | changes}


EDGES = (Edge("api", "db", names=("db",)),)


def test_what_calls_nobody_may_start_first() -> None:
    assert leaves(config(), EDGES) == ("db", "pages")


def test_what_is_held_may_not() -> None:
    assert leaves(config(), EDGES, held=("pages",)) == ("db",)


def test_a_refused_edge_makes_a_caller_too() -> None:
    assert leaves(config(), (*EDGES, Edge("pages", "db", refused="fixed address"))) == ("db",)


@pytest.mark.parametrize(
    "body",
    [
        {"depends_on": {"api": {"condition": "service_started"}}},
        {"links": ["api"]},
        {"volumes_from": ["api"]},
        {"pid": "service:api"},
        {"network_mode": "host"},
        {"network_mode": "service:api"},
        {"deploy": {"replicas": 0}},
    ],
)
def test_what_waits_for_another_or_lives_with_it_may_not(body: dict[str, Any]) -> None:
    assert leaves(config(db=body), ()) == ("api", "pages")


def test_nor_what_a_caller_lives_in() -> None:
    edges = (Edge("sidecar", "db", names=("db",)),)
    assert leaves(config(sidecar={"network_mode": "service:pages"}), edges) == ("api", "db")


def test_a_step_that_others_wait_for_to_complete_runs_once_and_so_not_first() -> None:
    """`up` starts again what has ended, and a second `mkdir` or `openssl req` ends with 1."""
    after = {"depends_on": {"certs": {"condition": "service_completed_successfully"}}}
    assert leaves(config(certs={}, pages=after), EDGES) == ("db",)
    started = {"depends_on": {"certs": {"condition": "service_started"}}}
    assert leaves(config(certs={}, pages=started), EDGES) == ("db", "certs")
