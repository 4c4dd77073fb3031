"""Edges that stand on the port at which others call the same dependency."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.stack.find import found
from harness.stack.project import Project


def known(services: dict[str, Any], directory: Path = Path("/hotel")) -> dict[str, tuple[tuple[int, ...], list[str]]]:
    config = {"name": "hotel", "services": services, "networks": {"default": {"name": "hotel_default"}}}
    edges = found(Project("hotel", (directory / "compose.yaml",), directory, config)).edges
    return {edge.id: (edge.ports, [one.where for one in edge.known]) for edge in edges}


POOLED: dict[str, Any] = {
    "postgres": {"image": "hotel"},
    "pgbouncer": {"image": "hotel", "depends_on": {"postgres": {"condition": "service_healthy"}}},
    "exporter": {"image": "hotel", "environment": {"DSN": "postgresql://u@postgres:5432/hotel"}},
}


def test_the_port_at_which_others_call_a_dependency_makes_the_edge_of_one_that_only_depends_on_it() -> None:
    ports, where = known(POOLED)["pgbouncer->postgres"]
    assert ports == (5432,)
    assert where == ["depends_on", "port 5432 by exporter's environment DSN"]


def test_it_is_told_by_the_place_where_the_port_stands() -> None:
    exporter = {"image": "hotel", "environment": {"DB_HOST": "postgres", "URL": "tcp://postgres:5433"}}
    assert known({**POOLED, "exporter": exporter})["pgbouncer->postgres"] == (
        (5433,),
        ["depends_on", "port 5433 by exporter's environment URL"],
    )


def test_what_is_only_waited_for_is_called_by_nobody_for_that() -> None:
    waits = {"image": "hotel", "depends_on": {"postgres": {"condition": "service_completed_successfully"}}}
    assert "late->postgres" not in known({**POOLED, "late": waits})
    nobody = {name: body for name, body in POOLED.items() if name != "exporter"}
    assert known(nobody) == {}


def test_what_calls_by_a_name_of_its_own_needs_no_other_s_port() -> None:
    caller = {"image": "hotel", "environment": {"DB_HOST": "postgres"}, "depends_on": {"postgres": {}}}
    assert known({**POOLED, "api": caller})["api->postgres"] == ((), ["environment DB_HOST", "depends_on"])


def test_where_only_prometheus_looks_for_metrics_is_no_port_that_others_call() -> None:
    scraper = {"image": "prom/prometheus", "environment": {"TARGET": "http://postgres:9187/metrics"}}
    assert known({**{name: POOLED[name] for name in ("postgres", "pgbouncer")}, "prometheus": scraper}).keys() == {
        "prometheus->postgres"
    }
