"""Hosts as logs, traces and pages write them, and who held an address when."""

from __future__ import annotations

import pytest

from harness.facts import ContainerChanged, ContainerSeen, Fact, Looked
from harness.hostnames import Addresses, bare, within
from harness.testing import journal_of


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("postgresql://u:p@Orders-DB:5432/x", "orders-db"),
        ("jdbc:postgresql://db:5432/orders", "db"),
        ("dns:///redis:6379", "redis"),
        ("ipv4:172.18.0.4:5432", "172.18.0.4"),
        ("/172.18.0.4:5432", "172.18.0.4"),
        ("postgres/172.18.0.4:5432", "postgres"),
        ("::ffff:172.18.0.4", "172.18.0.4"),
        ("[fd00::4]:5432", "fd00::4"),
        ("fd00::4", "fd00::4"),
        ("shop::http", "shop::http"),
        ("db", "db"),
        ("", ""),
    ],
)
def test_a_host_is_taken_from_whatever_stands_around_it(written: str, host: str) -> None:
    assert bare(written) == host


@pytest.mark.parametrize(
    ("host", "part"),
    [
        ("postgres", "postgres"),
        ("postgres.", "postgres"),
        ("postgres.shop_default", "postgres"),
        ("postgres.shop.internal", "postgres"),
        ("postgres.shop.internal.", "postgres"),
        ("postgres.default.svc.cluster.local", "postgres"),
        ("postgres.default.svc.k8s.example.com", "postgres"),
        ("primary.postgres.service.consul", "postgres"),
        ("_postgresql._tcp.postgres.service.consul", "postgres"),
        ("api.stripe.com", ""),
        ("api.docker.internal", ""),
        ("redis.exceptions.TimeoutError", ""),
        ("nobody.shop.internal", ""),
        ("known.example.com", "outside"),
        ("172.18.0.4", ""),
    ],
)
def test_a_suffix_is_one_only_where_names_are_private(host: str, part: str) -> None:
    names = {"postgres": "postgres", "api": "api", "redis": "redis", "known.example.com": "outside"}
    assert within(host, ["shop_default"], lambda name: names.get(name, "")) == part


def seen(service: str, at_s: float, address: str = "", container: str = "") -> ContainerSeen:
    addresses = {"shop_default": address} if address else {}
    return ContainerSeen(
        service=service, container=container or f"{service}-1", status="running", addresses=addresses, seen_s=at_s
    )


def looks(*at_s: float) -> list[Fact]:
    return [Looked(probe="containers", seen_s=one) for one in at_s]


def held(*facts: Fact) -> Addresses:
    return Addresses.of(journal_of(*sorted(facts, key=lambda fact: fact.seen_s)))


def test_who_is_seen_first_has_had_its_address_since_ever() -> None:
    found = held(seen("db", 5.0, "172.18.0.4"), *looks(5.1, 6.1))
    assert [found.part("172.18.0.4", at_s) for at_s in (0.0, 5.0, 500.0, None)] == ["db"] * 4
    assert found.part("172.18.0.5", 5.0) == ""
    assert found.domains == ("shop_default",)


def test_after_a_restart_with_another_address_the_old_one_is_still_whose_it_was_until_another_takes_it() -> None:
    found = held(
        seen("db", 5.0, "172.18.0.4"),
        ContainerChanged(service="db", container="db-1", event="die", seen_s=20.5, happened_s=20.2),
        seen("db", 21.0, "172.18.0.9"),
        seen("batch", 31.0, "172.18.0.4"),
        *looks(5.1, 19.0, 20.1, 21.1, 30.1, 31.1),
    )
    assert [found.part("172.18.0.4", at_s) for at_s in (19.0, 25.0, 30.0, 31.0, 99.0)] == [
        "db", "db", "db", "batch", "batch",
    ]  # fmt: skip
    assert [found.part("172.18.0.9", at_s) for at_s in (20.5, 99.0)] == ["db", "db"]
    assert found.part("172.18.0.4", None) == "", "at no time in particular it was several's"


def test_two_that_trade_their_addresses_mean_nobody_between_the_looks() -> None:
    found = held(
        seen("a", 5.0, "172.18.0.4"),
        seen("b", 5.0, "172.18.0.5"),
        seen("a", 21.0, "172.18.0.5"),
        seen("b", 21.0, "172.18.0.4"),
        *looks(5.1, 20.1, 21.1),
    )
    assert [found.part("172.18.0.4", at_s) for at_s in (19.0, 20.5, 22.0)] == ["a", "", "b"]


def test_two_services_behind_one_address_are_meant_by_nobody() -> None:
    found = held(seen("db", 5.0, "172.18.0.4"), seen("exporter", 5.0, "172.18.0.4"))
    assert found.part("172.18.0.4", 10.0) == ""
    replicas = held(seen("db", 5.0, "172.18.0.4"), seen("db", 5.0, "172.18.0.5 fd00::5", "db-2"))
    assert [replicas.part(address, 10.0) for address in ("172.18.0.4", "172.18.0.5", "fd00::5")] == ["db"] * 3
