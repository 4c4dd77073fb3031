"""Address ranges and the edges' places in them."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.edges import Edge
from harness.errors import CannotRun
from harness.stack.place import lane_addresses, lane_homes, place
from harness.stack.subnets import Range, choose, routes

NET = ipaddress.ip_network


def config(count: int = 2, **networks: Any) -> dict[str, Any]:
    services = {f"s{number}": {"networks": dict.fromkeys(networks or ("default",))} for number in range(count)}
    return {"services": services, "networks": networks or {"default": {}}}


def test_routes_are_read_as_the_kernel_prints_them_without_the_default_route() -> None:
    table = (
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n"
        "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\n"
        "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n"
    )
    assert list(routes(table)) == [NET("192.168.0.0/24")]


@given(st.lists(st.integers(0, 1023), max_size=60), st.integers(0, 2**32 - 1))
def test_chosen_ranges_never_overlap_with_what_is_taken_nor_with_each_other(taken: list[int], seed: int) -> None:
    used = [NET((int(ipaddress.ip_address("172.28.0.0")) + number * 256, 24)) for number in taken]
    chosen = choose(config(2, a={}, b={}), used, ["172.28.3.4"], seed)
    mine = [one.used for ranges in chosen.values() for one in ranges]
    assert all(not one.overlaps(other) for one in mine for other in used)
    assert not mine[0].overlaps(mine[1])
    assert all(ipaddress.ip_address("172.28.3.4") not in one for one in mine)


def test_a_stated_range_is_kept_while_free_and_moved_as_a_whole_when_not() -> None:
    stated = config(1, a={"ipam": {"config": [{"subnet": "10.7.0.0/24"}, {"subnet": "fd00:1::/64"}]}})
    assert [one.is_moved for one in choose(stated, [])["a"]] == [False, False]
    moved = choose(stated, [NET("10.7.0.0/16"), NET("fd00:1::/48")])["a"]
    assert [one.is_moved for one in moved] == [True, True]
    assert moved[0].moved("10.7.0.9") == str(moved[0].used[9])
    assert moved[0].moved("10.8.0.9") == "10.8.0.9"


def test_a_stated_range_whose_addresses_are_written_in_texts_cannot_be_moved() -> None:
    stated = config(1, a={"ipam": {"config": [{"subnet": "10.7.0.0/24"}]}})
    with pytest.raises(CannotRun, match=r"10\.7\.0\.5, is written"):
        choose(stated, [NET("10.7.0.0/16")], ["10.7.0.5"])
    assert not choose(stated, [], ["10.7.0.5"])["a"][0].is_moved


def test_no_range_left_is_said_with_its_cure() -> None:
    with pytest.raises(CannotRun, match="docker network prune"):
        choose(config(), [NET("172.16.0.0/12"), NET("10.0.0.0/8"), NET("192.168.0.0/16")])


def test_networks_that_are_not_bridges_get_no_range() -> None:
    assert set(choose(config(1, a={"driver": "macvlan"}, b={}), [])) == {"b"}


def test_edges_get_addresses_of_their_own_from_the_top_beside_what_the_file_uses() -> None:
    body = config(3)
    body["services"]["s2"]["networks"] = {"default": {"ipv4_address": "10.7.0.254"}}
    ranges = {"default": (Range(NET("10.7.0.0/24"), NET("10.7.0.0/24")),)}
    placed = place(body, [Edge("s0", "s1"), Edge("s1", "s0"), Edge("s0", "x", refused="why")], ranges)
    assert [edge.address for edge in placed] == ["10.7.0.253", "10.7.0.252", ""]
    assert placed[0].upstream == "s1"
    assert lane_addresses(placed, ranges) == ("10.7.0.253/24", "10.7.0.252/24")


def test_a_range_too_small_for_containers_and_edges_refuses_the_edges_that_do_not_fit() -> None:
    ranges = {"default": (Range(NET("10.7.0.0/29")),)}
    placed = place(config(3), [Edge("s0", f"s{n}") for n in (1, 2)], ranges)
    assert [bool(edge.address) for edge in placed] == [True, False]
    assert "no free address" in placed[1].refused


def test_an_external_host_that_the_file_pins_is_dialled_where_the_file_says() -> None:
    body = config(1)
    body["services"]["s0"]["extra_hosts"] = ["pinned.example=10.1.1.1", "gate.example=host-gateway"]
    edges = [Edge("s0", name, external=True) for name in ("pinned.example", "gate.example", "free.example")]
    placed = place(body, edges, {"default": (Range(NET("10.7.0.0/24")),)})
    assert [edge.upstream for edge in placed] == ["10.1.1.1", "gate.example", "free.example"]


def test_toxiproxy_dials_a_name_that_is_the_dependencys_alone() -> None:
    body = config(3)
    body["services"]["s2"]["hostname"] = "s1"
    placed = place(body, [Edge("s0", "s1")], {"default": (Range(NET("10.7.0.0/24")),)})
    assert placed[0].upstream == "s1.drill-upstream"


def test_lanes_start_first_and_must_not_get_an_address_that_a_service_will_need() -> None:
    body = config(2)
    body["services"]["s1"]["networks"] = {"default": {"ipv4_address": "10.7.0.2"}}
    ranges = {"default": (Range(NET("10.7.0.0/24"), NET("10.7.0.0/24")),)}
    placed = place(body, [Edge("s0", "s1")], ranges)
    home = lane_homes(body, ranges, placed)["default"]
    assert home not in {"10.7.0.2", placed[0].address}
    assert lane_homes(config(2), ranges, placed) == {}


def test_an_external_networks_range_holds_all_of_its_static_addresses() -> None:
    addresses = ("172.18.0.10", "172.18.1.10")
    uses = {name: {"networks": {"n": {"ipv4_address": one}}} for name, one in zip("ab", addresses, strict=True)}
    (one,) = choose({"services": uses, "networks": {"n": {"external": True}}}, ())["n"]
    assert one.used == ipaddress.ip_network("172.18.0.0/23")
    near = {name: {"networks": {"n": {"ipv4_address": f"172.18.0.{at}"}}} for name, at in (("a", 10), ("b", 200))}
    (one,) = choose({"services": near, "networks": {"n": {"external": True}}}, ())["n"]
    assert one.used == ipaddress.ip_network("172.18.0.0/24")
