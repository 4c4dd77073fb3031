"""A service is called by the product that it runs, too, where no other part may be meant."""

from __future__ import annotations

import pytest

from harness.blaming import Parts
from harness.facts import ContainerSeen, EdgeFound, Fact
from harness.products import NAMES, RUN, product_names
from harness.testing import journal_of


def runs(service: str, image: str = "base:1", program: str = "") -> ContainerSeen:
    return ContainerSeen(service=service, container=f"shop-{service}-1", status="running", image=image, program=program)


def to(service: str, speaks: str = "") -> EdgeFound:
    return EdgeFound(edge=f"api->{service}", address="10.0.0.1", speaks=speaks)


ORDERS = runs("orders-db", "postgres:16", "postgres")
POSTGRES = {"postgres": "orders-db", "postgresql": "orders-db"}
RABBIT = runs("rabbit", program="rabbitmq-server")


def test_every_product_that_is_known_by_what_runs_has_names() -> None:
    assert set(RUN.values()) == set(NAMES)


@pytest.mark.parametrize(
    ("facts", "named"),
    [
        ([RABBIT, runs("api", program="nodejs")], {"rabbitmq": "rabbit"}),
        ([runs("db", "registry.example:5000/library/postgres:16@sha256:0")], {"postgres": "db", "postgresql": "db"}),
        ([RABBIT, RABBIT, EdgeFound(edge="api->rabbit", address="10.0.0.1", speaks="amqp")], {"rabbitmq": "rabbit"}),
        ([RABBIT, runs("queue", "rabbitmq:4-management")], {}),
        ([RABBIT, runs("bus"), EdgeFound(edge="api->bus", address="10.0.0.1", speaks="amqp")], {}),
        ([RABBIT, runs("bus"), EdgeFound(edge="api->bus", address="10.0.0.1", speaks="rabbitmq")], {}),
        ([RABBIT, EdgeFound(edge="api->rabbitmq.example.com", address="10.0.0.1")], {}),
        ([ORDERS, runs("users", "bitnami/postgresql:16")], {}),
        ([runs("db", "bitnami/postgresql:16")], {"postgres": "db", "postgresql": "db"}),
        ([runs("cache", "redis:7"), runs("sessions", "redis/redis-stack-server:7")], {}),
        ([runs("cache", "redis:7"), runs("sessions", "eqalpha/keydb")], {}),
        ([runs("a", "mysql:8"), runs("b", "mysql/mysql-server:8.0")], {}),
        ([ORDERS, runs("users", "acme/our-postgres-14:2"), to("users")], {}),
        ([ORDERS, runs("users", "acme/our-postgres-14:2"), to("users", "tcp")], {}),
        ([ORDERS, runs("users", "acme/our-postgres-14:2"), to("users", "http")], POSTGRES),
        ([ORDERS, runs("sync", "acme/postgres-sync:2", "python3"), to("sync")], POSTGRES),
        ([ORDERS, runs("sync", "acme/postgres-sync:2", "python3"), runs("sync"), to("sync")], POSTGRES),
        ([ORDERS, runs("watcher", "prom/postgres-exporter"), to("watcher", "http")], POSTGRES),
        ([runs("watcher", "prom/mysqld-exporter"), runs("api", program="python3")], {}),
    ],
)
def test_a_product_means_the_service_that_alone_runs_it(facts: list[Fact], named: dict[str, str]) -> None:
    assert product_names(journal_of(*facts)) == named


def test_a_name_that_a_part_bears_itself_is_no_products() -> None:
    parts = Parts.of(journal_of(RABBIT, runs("rabbitmq", program="nodejs")))
    assert parts.meant("rabbitmq") == "rabbitmq"
    aliased = [runs(name) for name in ("a", "b")]
    shared = [
        ContainerSeen(service=one.service, container=one.container, status="running", names=("rabbitmq",))
        for one in aliased
    ]
    assert Parts.of(journal_of(RABBIT, *shared)).meant("rabbitmq") == "", "which of both is meant nobody knows"
    assert Parts.of(journal_of(RABBIT)).meant("amqp://rabbitmq:5672") == "rabbit"
    assert Parts.of(journal_of(RABBIT), {"bus": ["rabbitmq"]}).meant("rabbitmq") == "bus", "an alias says it"
