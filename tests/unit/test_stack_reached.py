"""Where this machine reaches a service of a run's stack, and at which address a helper of ours stands beside it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.edges import Edge
from harness.errors import UsageError
from harness.stack import attachments
from harness.stack.addresses import address_of, front_edges
from harness.stack.attachments import Attachments
from harness.stack.place import place
from harness.stack.resolve import Chosen
from harness.stack.subnets import choose

CONFIG: dict[str, Any] = {
    "services": {
        "api": {"networks": {"net": None}, "scale": 2},
        "db": {"networks": {"fixed": {"ipv4_address": "10.7.0.9"}}},
        "cache": {"networks": {"inner": None}},
        "exporter": {"network_mode": "service:db"},
        "agent": {"network_mode": "host"},
    },
    "networks": {"net": {}, "inner": {"internal": True}, "fixed": {"ipam": {"config": [{"subnet": "10.7.0.0/24"}]}}},
}
RANGES = choose(CONFIG, [])


def chosen(*edges: Edge) -> Chosen:
    ports = {("api", 8080, "tcp"): (20001, 20002), ("db", 9187, "tcp"): (20003,)}
    return Chosen("0badcafe", place(CONFIG, edges, RANGES), RANGES, ports)


def test_each_kind_of_service_is_reached_where_it_can_be() -> None:
    assert address_of(CONFIG, chosen(), "api:8080") == ("127.0.0.1", 20001)
    assert address_of(CONFIG, chosen(), "exporter:9187") == ("127.0.0.1", 20003), "published by whose network it is in"
    assert address_of(CONFIG, chosen(), "agent:9100") == ("127.0.0.1", 9100)
    host, port = address_of(CONFIG, chosen(), "cache:6379")
    assert (host.rpartition(".")[0], port) == (str(RANGES["inner"][0].used[0]).rpartition(".")[0], 6379)
    for target, why in (("db:5432", "is not published"), ("web:80", "no service 'web'"), ("api:http", "service:port")):
        with pytest.raises(UsageError, match=why):
            address_of(CONFIG, chosen(), target)


def test_replicas_are_reached_through_an_edge_of_their_own_unless_they_have_one() -> None:
    said: list[str] = []
    (front,) = front_edges(CONFIG, [("api", 8080), ("db", 5432)], (), said.append)
    assert said == ["api has 2 replicas: load reaches them through an edge, client->api"]
    placed = chosen(front)
    assert address_of(CONFIG, placed, "api:8080") == (placed.edges[0].address, 8080)
    assert front_edges(CONFIG, [("api", 8080)], [front], said.append) == ()
    assert len(said) == 1


def test_where_addresses_are_fixed_each_helper_gets_one_that_nobody_else_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "asked", lambda *words: words[-1].rpartition("=")[2] + "-id\n")
    given, edge = Attachments(), chosen(Edge("api", "db"))
    found = [given.of(CONFIG, edge, "db") for _ in range(3)]
    assert {network for ((network, _),) in found} == {"fixed-id"}
    taken = [address for ((_, address),) in found]
    assert len({*taken, "10.7.0.9", *(one.address for one in edge.edges)}) == 5
    assert given.of(CONFIG, edge, "api") == (("net-id", ""),)
    assert given.of(CONFIG, edge, "agent") == ()
