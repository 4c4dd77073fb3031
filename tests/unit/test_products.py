"""A service is called by the product that it runs, too, where no other part may be meant."""

from __future__ import annotations

import pytest

from harness.blaming import Parts
from harness.facts import ContainerSeen, EdgeFound, Fact
from harness.products import NAMES, RUN, product_names
from harness.testing import journal_of


def runs(service: str, image: str = "base:1", program: str = "") -> ContainerSeen:
    return ContainerSeen(service=service, container=f"shop-{service}-1", status="running", image=image, program=program)


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
