"""Which services look at others, so that a first drill is not about them: told by whole words of their names and images."""

from __future__ import annotations

import pytest

from harness.edges import Edge, Known
from harness.init import choose
from harness.init.seen import Page, Spoken

PAGE = (Page("/", 200, 0.01, "text/html"),)


@pytest.mark.parametrize(
    ("service", "image"),
    [
        ("hotel-web", ""),
        ("temporal", "temporalio/auto-setup"),
        ("debt-collector", "acme/debt-collector:2"),
        ("report-exporter", ""),
        ("xjaegermeister", "shop/lokiration"),
    ],
)
def test_a_word_within_a_word_makes_no_service_one_of_the_monitoring(service: str, image: str) -> None:
    assert not choose.watcher({"services": {service: {"image": image}}}, service)


@pytest.mark.parametrize(
    ("service", "image"),
    [
        ("metrics", "prom/prometheus:v2.53.0@sha256:0123"),
        ("grafana_1", ""),
        ("ui", "dpage/pgadmin4"),
        ("collector", ""),
        ("otel-collector", ""),
        ("gateway", "otel/opentelemetry-collector-contrib:0.100"),
        ("nodes", "prom/node-exporter"),
        ("pg", "quay.io/prometheuscommunity/postgres-exporter"),
        ("cache-metrics", "oliver006/redis_exporter"),
        ("exporter", ""),
    ],
)
def test_what_looks_at_others_is_known_by_a_word_of_its_name_or_image(service: str, image: str) -> None:
    assert choose.watcher({"services": {service: {"image": image}}}, service)


def test_a_hotel_is_loaded_and_its_database_hurt() -> None:
    config = {"services": {"hotel-web": {"ports": [{"target": 80}]}, "hotel-db": {"image": "postgres"}, "admin": {}}}
    edges = (Edge("hotel-web", "hotel-db", speaks="postgres"), Edge("hotel-web", "admin"))
    target = choose.target(config, [Spoken("admin", 80, PAGE), Spoken("hotel-web", 80, PAGE)], edges)
    assert target is not None
    assert target.service == "hotel-web"
    assert choose.hurt(config, "hotel-web", edges, ()).service == "hotel-db"


def test_a_store_that_the_files_name_is_hurt_before_a_service_that_answered() -> None:
    config = {"services": {"front": {"ports": [{"target": 80}]}, "api": {}, "db": {}}}
    proven = Edge("front", "api", known=(Known("seen", "9 connections"),))
    edges = (proven, Edge("api", "db", speaks="postgres", known=(Known("inferred", "environment DB_HOST"),)))
    chosen = choose.hurt(config, "front", edges, (proven,), (Spoken("api", 8000),))
    assert (chosen.edge and chosen.edge.id, chosen.speaks) == ("api->db", "")
    assert "the files name it (environment DB_HOST); it speaks postgres; front calls it by way of api" in chosen.why
