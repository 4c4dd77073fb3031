"""Edges as seen: whose address one was is known at the end, whatever was known when a connection to it was read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.stack.observe import Seen, add, edges_seen
from harness.stack.project import Project
from harness.world.lookout import Peers

PROJECT = Project(
    "parcel",
    files=(Path("compose.yaml"),),
    directory=Path("/parcel"),
    config={"name": "parcel", "services": {name: {"image": name} for name in ("prometheus", "notifier", "labeler")}},
)


def told(ip: str = "", calls: Mapping[str, Mapping[int, int]] | None = None, shares: str = "") -> Peers:
    return Peers(ports=(), ips=(ip,) if ip else (), peers=calls or {}, callers={}, shares=shares)


def test_an_address_that_was_read_before_its_container_was_known_is_its_service() -> None:
    seen = Seen()
    add(seen, {"prometheus": told("10.0.0.2", {"10.0.0.4": {9100: 2}})})
    add(seen, {"prometheus": told("10.0.0.2", {"notifier": {9100: 1}}), "notifier": told("10.0.0.4")})
    (edge,) = edges_seen(PROJECT, seen)
    assert (edge.id, edge.external, edge.ports) == ("prometheus->notifier", False, (9100,))
    assert edge.known[0].where == "2 connections to 9100"


def test_a_container_that_was_gone_at_the_end_had_its_address_all_the_same() -> None:
    seen = Seen()
    add(seen, {"notifier": told("10.0.0.4")})
    add(seen, {"prometheus": told("10.0.0.2", {"10.0.0.4": {9100: 1}})})
    assert [edge.id for edge in edges_seen(PROJECT, seen)] == ["prometheus->notifier"]


def test_an_address_that_two_services_had_or_none_stays_one() -> None:
    seen = Seen()
    add(
        seen,
        {"notifier": told("10.0.0.4"), "prometheus": told("10.0.0.2", {"10.0.0.4": {9100: 1}, "10.9.9.9": {443: 1}})},
    )
    add(seen, {"labeler": told("10.0.0.4")})
    edges = edges_seen(PROJECT, seen)
    assert [edge.id for edge in edges] == ["prometheus->10.0.0.4", "prometheus->10.9.9.9"]
    assert all("is outside of the project" in edge.refused for edge in edges)


def test_a_call_to_ones_own_address_is_no_edge() -> None:
    seen = Seen()
    add(seen, {"prometheus": told("10.0.0.2", {"10.0.0.2": {9090: 1}})})
    assert edges_seen(PROJECT, seen) == ()
