"""Each change to the Compose file by itself, and all of them in order; none touches the dict it is given."""

from __future__ import annotations

import copy
import ipaddress
import json
import re
from typing import Any

import pytest

from harness.edges import Edge
from harness.faults.bad_release import BadRelease
from harness.faults.command import Command
from harness.inside import openfacts, pulse, rescue, wreck
from harness.inside import watchdog as inside_watchdog
from harness.stack.changes.address_ranges import address_ranges
from harness.stack.changes.copied_binds import copied_binds
from harness.stack.changes.fixed_names import fixed_names
from harness.stack.changes.hosts import hosts, upstream_aliases
from harness.stack.changes.identity import RUN_LABEL, identity
from harness.stack.changes.image_names import image_names
from harness.stack.changes.lanes import API_PORT, LANES, TOXIPROXY, lanes
from harness.stack.changes.loopback_ports import loopback_ports, wanted_ports
from harness.stack.changes.optional_dependencies import optional_dependencies
from harness.stack.changes.private_logs import private_logs
from harness.stack.changes.private_networks import private_networks
from harness.stack.changes.private_volumes import private_volumes
from harness.stack.changes.watchdog import PLACE, WATCHDOG, Watched, watchdog
from harness.stack.project import written
from harness.stack.resolve import Chosen, resolve
from harness.stack.subnets import Range

NET = ipaddress.ip_network

CONFIG: dict[str, Any] = {
    "name": "shop",
    "services": {
        "api": {
            "build": {"context": "/shop", "tags": ["shop/api:prod"]},
            "image": "shop/api:prod",
            "pull_policy": "always",
            "profiles": ["web"],
            "environment": {"PASSWORD": "a$b"},
            "extra_hosts": ["db=10.0.0.1", "old=10.0.0.2", "gw.example=host-gateway"],
            "labels": {"mine": "1"},
            "networks": {"default": None, "back": {"ipv4_address": "10.5.0.20"}},
            "ports": [{"mode": "ingress", "target": 8080, "published": "80", "protocol": "tcp"}],
            "volumes": [{"type": "bind", "source": "/shop/data", "target": "/data"}, {"type": "volume", "source": "keep", "target": "/k"}],
        },
        "job": {"image": "shop/api:prod", "network_mode": "service:api"},
        "db": {"image": "postgres:16", "container_name": "maindb", "networks": {"default": {"aliases": ["pg"]}}, "scale": 2, "ports": [{"target": 5432}]},
    },
    "networks": {
        "default": {"name": "shop_default"},
        "back": {"name": "fixed", "internal": True, "ipam": {"config": [{"subnet": "10.5.0.0/24", "gateway": "10.5.0.1"}]}, "driver_opts": {"com.docker.network.bridge.name": "br0"}},
        "ext": {"name": "proxy", "external": True},
    },
    "volumes": {
        "keep": {"name": "shop_keep"},
        "real": {"name": "prod", "external": True},
        "hidden": {"name": "h", "driver_opts": {"type": "none", "o": "bind", "device": "/srv/prod"}},
        "ram": {"name": "r", "driver_opts": {"type": "tmpfs", "device": "tmpfs"}},
    },
}  # fmt: skip
EDGE = Edge("api", "db", names=("db", "pg"), address="172.28.1.254", network="default", upstream="db")


@pytest.fixture
def config() -> Any:
    given = copy.deepcopy(CONFIG)
    yield given
    assert given == CONFIG, "a change must not touch what it is given"


def test_the_project_and_everything_in_it_bears_the_runs_name(config: dict[str, Any]) -> None:
    new, lines = identity(config, "0a1b2c3d")
    assert new["name"] == "drill-0a1b2c3d"
    assert new["services"]["api"]["labels"] == {"mine": "1", "io.drill.run": "0a1b2c3d"}
    assert new["networks"]["default"]["labels"] == new["volumes"]["keep"]["labels"] == {"io.drill.run": "0a1b2c3d"}
    assert "labels" not in new["volumes"]["real"]
    assert "drill-0a1b2c3d" in lines[0]


def test_a_fixed_container_name_is_dropped_and_stays_resolvable(config: dict[str, Any]) -> None:
    new, lines = fixed_names(config)
    assert "container_name" not in new["services"]["db"]
    assert new["services"]["db"]["networks"]["default"]["aliases"] == ["pg", "maindb"]
    assert "name" not in new["networks"]["back"]
    assert new["networks"]["back"]["driver_opts"] == {}
    assert new["networks"]["ext"]["name"] == "proxy"
    assert len(lines) == 3


def test_a_fixed_container_name_on_the_implicit_network_becomes_an_alias_there() -> None:
    new, _ = fixed_names({"name": "x", "services": {"a": {"container_name": "box"}}})
    assert new["services"]["a"]["networks"] == {"default": {"aliases": ["box"]}}


def test_a_name_that_compose_made_stays_resolvable_where_it_is_written() -> None:
    config = {"name": "shop", "services": {"lb": {}, "api": {}, "db": {}}}
    chosen = Chosen("abc", (Edge("lb", "api", names=("api", "shop-api-1")), Edge("api", "db", names=("db",))))
    for one in (chosen, Chosen("abc", named=chosen.edges, mediate=False)):
        new, lines = resolve(config, one)
        assert new["services"]["api"]["networks"] == {"default": {"aliases": ["shop-api-1"]}}
        assert "networks" not in new["services"]["db"]
        assert any("alias shop-api-1" in line for line in lines)


@pytest.mark.parametrize("network", ["shop_default", "backend"])
def test_a_name_that_docker_made_on_a_network_stays_resolvable_where_it_is_written(network: str) -> None:
    config = {"name": "shop", "networks": {"default": {"name": network}}, "services": {"api": {}, "db": {}}}
    edge = Edge("api", "db", names=("db", f"db.{network}"))
    new, lines = resolve(config, Chosen("abc", (edge,), mediate=False))
    assert new["services"]["db"]["networks"] == {"default": {"aliases": [f"db.{network}"]}}
    assert any(f"alias db.{network}" in line for line in lines)


def test_a_container_of_the_project_named_by_its_fixed_name_is_its_service() -> None:
    services = {
        "vpn": {"container_name": "box"},
        "app": {"network_mode": "container:box", "volumes_from": ["container:box:ro", "vpn"]},
        "other": {"network_mode": "container:elsewhere"},
    }
    new, lines = fixed_names({"name": "x", "services": services})
    assert new["services"]["app"]["network_mode"] == "service:vpn"
    assert new["services"]["app"]["volumes_from"] == ["vpn:ro", "vpn"]
    assert new["services"]["other"]["network_mode"] == "container:elsewhere"
    assert len(lines) == 3


def test_an_image_based_on_another_of_the_project_is_built_on_ours() -> None:
    services = {
        "base": {"build": {"context": "/b"}, "image": "shop/base:1"},
        "app": {"build": {"context": "/a", "additional_contexts": {"x": "/x"}}},
    }
    new, _ = image_names({"name": "shop", "services": services})
    contexts = new["services"]["app"]["build"]["additional_contexts"]
    assert contexts == {"shop/base:1": "docker-image://drill/shop-base", "x": "/x"}
    assert "additional_contexts" not in new["services"]["base"]["build"]


def test_what_is_built_never_moves_the_users_own_tag(config: dict[str, Any]) -> None:
    new, lines = image_names(config)
    assert new["services"]["api"]["image"] == new["services"]["job"]["image"] == "drill/shop-api"
    assert new["services"]["db"]["image"] == "postgres:16"
    assert "tags" not in new["services"]["api"]["build"]
    assert not {"pull_policy", "profiles"} & set(new["services"]["api"])
    assert len(lines) == 2


def test_images_have_names_that_docker_takes_and_that_are_theirs_alone() -> None:
    names = ["_kv__main_", "Billing.API_v2", "db", "DB", "a..b", "_", "-x_-y"]
    services = {name: {"build": {"context": f"/{number}"}} for number, name in enumerate(names)}
    made = [body["image"] for body in image_names({"name": "my_-shop_", "services": services})[0]["services"].values()]
    component = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
    assert all(re.fullmatch(f"drill/{component}", image) for image in made)
    assert len(set(made)) == len(names)


def test_external_networks_become_private(config: dict[str, Any]) -> None:
    new, lines = private_networks(config)
    assert new["networks"]["ext"] == {}
    assert "proxy" in lines[0]


def test_an_optional_dependency_that_is_off_is_left_out() -> None:
    depends = {"db": {"condition": "service_healthy"}, "tracer": {"condition": "service_started", "required": False}}
    new, lines = optional_dependencies({"services": {"api": {"depends_on": depends}, "db": {}}})
    assert new["services"]["api"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert lines == ["services.api.depends_on: tracer left out, its profile is off"]


def test_logs_stay_here_and_can_be_read() -> None:
    given = {
        "mute": {"logging": {"driver": "none"}},
        "far": {"logging": {"driver": "gelf", "options": {"gelf-address": "udp://logs.example.org:12201"}}},
        "kept": {"logging": {"driver": "json-file", "options": {"max-size": "1m"}}},
        "plain": {},
    }
    new, lines = private_logs({"services": given})
    assert new["services"] == {
        **given,
        "mute": {"logging": {"driver": "local"}},
        "far": {"logging": {"driver": "local"}},
    }
    assert lines == [
        "services.mute.logging: driver none → local, read by the harness and by nobody else",
        "services.far.logging: driver gelf → local, read by the harness and by nobody else",
    ]


def test_volumes_start_empty_and_private_unless_shared(config: dict[str, Any]) -> None:
    new, lines = private_volumes(config, {"real": "shared", "keep": "copy"})
    assert new["volumes"] == {
        "keep": {},
        "real": {"external": True, "name": "prod"},
        "hidden": {},
        "ram": {"driver_opts": {"type": "tmpfs", "device": "tmpfs"}},
    }
    assert "copy of shop_keep" in lines[0]
    assert "SHARED, the real volume prod" in lines[1]


def test_bind_mounts_point_to_their_copies(config: dict[str, Any]) -> None:
    new, lines = copied_binds(config, {("api", "/data"): "/runs/1/binds/0-data"})
    assert [mount["source"] for mount in new["services"]["api"]["volumes"]] == ["/runs/1/binds/0-data", "keep"]
    assert len(lines) == 1


def test_published_ports_become_free_loopback_ports_one_per_replica(config: dict[str, Any]) -> None:
    keys = wanted_ports(config, [("job", 9000), ("api", 8080)])
    assert keys == (("api", 8080, "tcp"), ("db", 5432, "tcp"), ("api", 9000, "tcp"))
    new, lines = loopback_ports(config, {keys[0]: (20001,), keys[1]: (20002, 20003), keys[2]: (20004,)})
    ports = {p["target"]: (p["host_ip"], p["published"]) for p in new["services"]["api"]["ports"]}
    assert ports == {8080: ("127.0.0.1", "20001"), 9000: ("127.0.0.1", "20004")}
    assert new["services"]["db"]["ports"][0]["published"] == "20002-20003"
    assert "80:8080 → 127.0.0.1:20001:8080/tcp" in lines[0]


def test_a_caller_finds_its_dependency_at_the_edges_address_under_every_name(config: dict[str, Any]) -> None:
    new, lines = hosts(config, [EDGE, Edge("api", "x", refused="no")])
    assert new["services"]["api"]["extra_hosts"] == [
        "old=10.0.0.2",
        "gw.example=host-gateway",
        "db=172.28.1.254",
        "pg=172.28.1.254",
    ]
    assert len(lines) == 1


def test_an_ambiguous_dependency_gets_a_name_of_its_own(config: dict[str, Any]) -> None:
    edge = Edge("api", "db", address="1.2.3.4", upstream="db.drill-upstream")
    new, lines = upstream_aliases(config, [edge, edge])
    assert new["services"]["db"]["networks"]["default"]["aliases"] == ["pg", "db.drill-upstream"]
    assert len(lines) == 1


def test_a_range_in_use_is_moved_with_its_static_addresses_and_edges_are_reserved(config: dict[str, Any]) -> None:
    ranges = {"back": (Range(NET("172.28.9.0/24"), NET("10.5.0.0/24")),), "default": (Range(NET("172.28.1.0/24")),)}
    new, lines = address_ranges(config, ranges, [EDGE])
    assert new["networks"]["back"]["ipam"]["config"] == [{"subnet": "172.28.9.0/24", "gateway": "172.28.9.1"}]
    assert new["services"]["api"]["networks"]["back"]["ipv4_address"] == "172.28.9.20"
    reserved = {"subnet": "172.28.1.0/24", "aux_addresses": {"drill-0": "172.28.1.254"}}
    assert new["networks"]["default"]["ipam"]["config"] == [reserved]
    assert any("10.5.0.0/24 is in use here" in line for line in lines)


def added(config: dict[str, Any], edges: list[Edge]) -> dict[str, Any]:
    new, _ = lanes(
        config,
        edges,
        ["172.28.1.254/24"],
        run_id="r",
        harness_image="drill/harness:1",
        toxiproxy_image="tp",
        api_port=20009,
    )
    return new


def test_lanes_stand_on_every_network_that_a_service_is_on(config: dict[str, Any]) -> None:
    services = added(config, [EDGE])["services"]
    assert set(services["drill-lanes"]["networks"]) == {"default", "back"}
    assert services["drill-lanes"]["command"][-1] == "172.28.1.254/24"
    assert services["drill-toxiproxy"]["network_mode"] == "service:drill-lanes"
    assert services["drill-lanes"]["ports"][0]["host_ip"] == "127.0.0.1"


def test_lanes_have_a_way_out_also_where_no_service_has_one(config: dict[str, Any]) -> None:
    inside = {"services": {"a": {"networks": {"in": None}}}, "networks": {"in": {"internal": True}}}
    new = added(inside, [])
    assert set(new["services"]["drill-lanes"]["networks"]) == {"in", "drill-outside"}
    assert new["networks"]["drill-outside"]["labels"] == {"io.drill.run": "r"}


def test_lanes_know_the_hosts_gateway_where_a_caller_does(config: dict[str, Any]) -> None:
    edge = Edge("api", "gw.example", external=True, address="172.28.1.254", network="default", upstream="gw.example")
    assert added(config, [edge])["services"]["drill-lanes"]["extra_hosts"] == ["gw.example=host-gateway"]
    assert "extra_hosts" not in added(config, [EDGE])["services"]["drill-lanes"]


def test_every_change_together_gives_a_file_in_which_dollars_are_as_the_user_meant_them(config: dict[str, Any]) -> None:
    ranges = {"default": (Range(NET("172.28.1.0/24")),), "back": (Range(NET("10.5.0.0/24"), NET("10.5.0.0/24")),)}
    chosen = Chosen(
        "0a1b2c3d", (EDGE,), ranges, {("api", 8080, "tcp"): (20001,)}, 20009, harness_image="h", toxiproxy_image="t"
    )
    new, lines = resolve(config, chosen)
    assert json.loads(written(new))["services"]["api"]["environment"]["PASSWORD"] == "a$$b"
    assert len(lines) == len(set(lines))
    plain, _ = resolve(config, Chosen("0a1b2c3d", (EDGE,), ranges, mediate=False))
    assert "drill-lanes" not in plain["services"]
    assert plain["services"]["api"]["extra_hosts"] == CONFIG["services"]["api"]["extra_hosts"]


def test_a_published_service_on_internal_networks_alone_gets_an_address_that_the_host_can_dial() -> None:
    from harness.stack.inward import inner_address, pinned

    inside = {"services": {"a": {"networks": {"in": None}}, "b": {}}, "networks": {"in": {"internal": True}}}
    ranges = {"in": (Range(NET("172.28.1.0/24")),)}
    address = inner_address(inside, "a", ranges, [])
    assert ipaddress.ip_address(address) in NET("172.28.1.128/25")
    assert inner_address(inside, "b", ranges, []) == ""
    assert pinned(inside, "a", address)["services"]["a"]["networks"] == {"in": {"ipv4_address": address}}
    assert pinned(inside, "b", "") is inside


WATCHED = Watched("/runs/x/$1", 20.0, user="1000:1000", groups=("998",))


def test_the_watchdog_listens_nowhere_and_sees_no_more_of_the_run_than_it_needs(config: dict[str, Any]) -> None:
    new, (line,) = watchdog(config, WATCHED, run_id="0a1b2c3d", harness_image="drill/harness:1")
    service = new["services"]["drill-watchdog"]
    assert service["network_mode"] == "none"
    assert not {"ports", "networks", "expose", "privileged", "cap_add"} & set(service)
    assert service["cap_drop"] == ["ALL"]
    assert service["restart"] == "always"
    assert service["labels"] == {"io.drill.run": "0a1b2c3d"}
    assert {one["source"] for one in service["volumes"]} == {
        "/runs/x/$1/facts", "/runs/x/$1/lease", "/runs/x/$1/alive", "/var/run/docker.sock",
    }  # fmt: skip
    assert service["command"][-2:] == ["0a1b2c3d", "20"]
    assert {**new, "services": {k: v for k, v in new["services"].items() if k != "drill-watchdog"}} == config
    assert "drill-watchdog: added" in line


def test_the_watchdog_in_the_runs_file_is_the_one_that_was_started_alone(config: dict[str, Any]) -> None:
    alone, _ = watchdog({}, WATCHED, run_id="0a1b2c3d", harness_image="drill/harness:1")
    chosen = Chosen("0a1b2c3d", harness_image="drill/harness:1", watched=WATCHED)
    whole, _ = resolve(config, chosen)
    assert whole["services"]["drill-watchdog"] == alone["services"]["drill-watchdog"]


def test_a_stack_that_nobody_watches_has_no_watchdog(config: dict[str, Any]) -> None:
    assert "drill-watchdog" not in resolve(config, Chosen("0a1b2c3d"))[0]["services"]


def test_root_needs_what_its_processes_and_files_are_guarded_by_and_is_told_of_copies(config: dict[str, Any]) -> None:
    root = Watched("/runs/x/1", 7.5, copies=True)
    service = watchdog(config, root, run_id="r", harness_image="h")[0]["services"]["drill-watchdog"]
    assert service["cap_add"] == ["DAC_OVERRIDE", "KILL", "SYS_PTRACE"]
    assert service["command"][-2:] == ["7.5", "/runs/x/1"]


def test_inside_the_stack_the_same_names_stand_for_the_same_things() -> None:
    """The harness image has none of these modules, so what it needs of them stands there once more."""
    assert (rescue.LANES, rescue.TOXIPROXY, rescue.API_PORT) == (LANES, TOXIPROXY, API_PORT)
    assert (wreck.WATCHDOG, wreck.RUN_LABEL) == (WATCHDOG, RUN_LABEL)
    assert (str(inside_watchdog.PLACE), inside_watchdog.RELEASE, inside_watchdog.COMMAND) == (
        PLACE, BadRelease.word, Command.word,
    )  # fmt: skip
    assert (pulse.LEASE, openfacts.WRITER) == ("lease.json", "watchdog")
