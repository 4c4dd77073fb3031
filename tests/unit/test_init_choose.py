"""Which services look at others, so that a first drill is not about them: told by whole words of their names and images."""

from __future__ import annotations

import pytest

from harness.edges import Edge, Known
from harness.init import choose, doors, kinds
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
        ("flower-shop", "acme/flower-api"),
        ("mongo-express-shop", ""),
        ("redis", "redis:7"),
        ("manager", "acme/dashboard"),
        ("minio", "minio/minio"),
    ],
)
def test_a_word_within_a_word_makes_no_service_one_of_the_monitoring(service: str, image: str) -> None:
    assert not kinds.watcher({"services": {service: {"image": image}}}, service)


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
        ("mongo-express", "mongo-express"),
        ("tool", "rediscommander/redis-commander:latest"),
        ("kafka_ui", "provectuslabs/kafka-ui"),
        ("minio-console", ""),
        ("redis-insight", "redis/redisinsight"),
        ("jobs", "mher/flower"),
        ("logs", "amir20/dozzle"),
        ("kafdrop", ""),
    ],
)
def test_what_looks_at_others_is_known_by_a_word_of_its_name_or_image(service: str, image: str) -> None:
    assert kinds.watcher({"services": {service: {"image": image}}}, service)


def test_a_hotel_is_loaded_and_its_database_hurt() -> None:
    config = {"services": {"hotel-web": {"ports": [{"target": 80}]}, "hotel-db": {"image": "postgres"}, "admin": {}}}
    edges = (Edge("hotel-web", "hotel-db", speaks="postgres"), Edge("hotel-web", "admin"))
    target = doors.targets(config, [Spoken("admin", 80, PAGE), Spoken("hotel-web", 80, PAGE)], edges)[0]
    assert target.service == "hotel-web"
    assert choose.hurt(config, "hotel-web", edges, ()).service == "hotel-db"


def test_a_store_that_the_files_name_is_hurt_before_a_service_that_answered() -> None:
    config = {"services": {"front": {"ports": [{"target": 80}]}, "api": {}, "db": {}}}
    proven = Edge("front", "api", known=(Known("seen", "9 connections"),))
    edges = (proven, Edge("api", "db", speaks="postgres", known=(Known("inferred", "environment DB_HOST"),)))
    chosen = choose.hurt(config, "front", edges, (proven,), (Spoken("api", 8000),))
    assert (chosen.edge and chosen.edge.id, chosen.speaks) == ("api->db", "")
    assert "the files name it (environment DB_HOST); it speaks postgres; front calls it by way of api" in chosen.why


def published(*names: str, **bodies: object) -> dict[str, object]:
    services = {name: {"ports": [{"target": 80}]} for name in names}
    return {"services": {**services, **bodies}}


@pytest.mark.parametrize("tool", ["mongo-express", "kafka-ui", "flower", "admin-server", "backoffice-admin"])
def test_load_goes_to_the_application_and_not_to_a_tool_beside_it(tool: str) -> None:
    config = published(tool, "shop", db={"image": "mongo"})
    edges = (Edge(tool, "db"), Edge("shop", "db"))
    assert doors.targets(config, [Spoken(tool, 80, PAGE), Spoken("shop", 80, PAGE)], edges)[0].service == "shop"
    assert doors.unasked(config, edges, (f"{tool}:80", "shop:80"))[0] == ("shop", 80)


def test_an_admin_service_is_loaded_last_but_may_be_hurt_and_badminton_is_none() -> None:
    assert not kinds.admin({"services": {"badminton": {"image": "acme/badminton-club"}}}, "badminton")
    config = published("web", "admin")
    assert choose.hurt(config, "web", (Edge("web", "admin"),), ()).service == "admin"
    assert doors.targets(config, [Spoken("admin", 80, PAGE)], ())[0].service == "admin"


@pytest.mark.parametrize(
    ("edges", "best"),
    [
        ((Edge("a", "db"), Edge("b", "db"), Edge("b", "cache")), "b"),  # calls more
        ((Edge("a", "db"), Edge("b", "db"), Edge("kafka-ui", "a")), "b"),  # nothing looks at it
        ((Edge("a", "db"), Edge("gateway", "db")), "gateway"),
        ((Edge("a", "db"), Edge("b", "a"), Edge("prometheus", "b")), "b"),  # what looks at it calls it not
        ((Edge("a", "db"), Edge("b", "db")), "a"),
    ],
)
def test_of_services_that_are_alike_the_one_that_calls_most_is_loaded(edges: tuple[Edge, ...], best: str) -> None:
    config = published("a", "b", "gateway" if best == "gateway" else "b", "kafka-ui", "prometheus")
    spoken = [Spoken(name, 80, PAGE) for name in config["services"]]  # type: ignore[attr-defined]
    assert doors.targets(config, spoken, edges)[0].service == best
    assert doors.unasked(config, edges, [one.target for one in spoken])[0] == (best, 80)


def test_what_else_could_be_loaded_is_told_a_port_for_each() -> None:
    config = published("shop", "api", "kafka-ui", "admin", "x", "y")
    ranked = [
        ("shop", 80),
        ("shop", 81),
        ("y", 1),
        ("api", 80),
        ("api", 81),
        ("admin", 80),
        ("x", 1),
        ("z", 1),
        ("kafka-ui", 80),
    ]
    edges = (Edge("x", "api"), Edge("api", "y"))
    assert doors.others(config, edges, ranked) == ("api:80", "admin:80", "x:1")
    assert doors.others(config, edges, [("shop", 80), ("kafka-ui", 80)]) == ()


def test_what_only_a_mounted_file_names_is_hurt_after_what_was_seen() -> None:
    config = published("web")
    seen = Edge("web", "api", known=(Known("seen", "3 connections"),))
    spoken_of = Edge("web", "queue", speaks="amqp", known=(Known("inferred", "file html/app.js"),))
    assert choose.hurt(config, "web", (spoken_of, seen), (seen,)).service == "api"
    assert choose.hurt(config, "web", (spoken_of, Edge("web", "x")), ()).service == "queue"
    assert choose.hurt(config, "web", (Edge("web", "queue", speaks="amqp"), seen), (seen,)).service == "queue"
    both = (Known("inferred", "file html/app.js"), Known("inferred", "environment QUEUE_HOST"))
    assert (
        choose.hurt(config, "web", (Edge("web", "queue", speaks="amqp", known=both), seen), (seen,)).service == "queue"
    )
