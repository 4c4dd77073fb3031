"""Edges of a Compose project that runs already: where a Toxiproxy is put, and where one stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from running_project import EDGE, RUN, container, running

from harness.attach.found import Running
from harness.attach.in_path import in_doubt, on_the_way, with_them
from harness.attach.look import toxiproxies
from harness.attach.placing import not_insertable, ours, placed, subnets
from harness.attach.proven import ProvenLookout
from harness.edges import Edge
from harness.errors import CannotRun
from harness.facts import Blinded, Fact

# --- where edges are put -----------------------------------------------------------------------------------------------

NETWORK = {
    "IPAM": {"Config": [{"Subnet": "172.18.0.0/28", "Gateway": "172.18.0.1"}]},
    "Containers": {"a": {"IPv4Address": "172.18.0.2/28"}, "b": {"IPv4Address": "172.18.0.14/28"}},
}


def test_an_edge_gets_the_highest_address_that_nobody_has() -> None:
    ranges, taken = subnets(NETWORK)
    (edge,) = placed(running().project.config, (EDGE,), {"shop_default": ranges}, {"shop_default": taken})
    assert (edge.address, edge.network, edge.upstream, edge.refused) == ("172.18.0.13", "shop_default", "store", "")


def test_an_edge_for_which_there_is_no_room_says_so() -> None:
    full = {**NETWORK, "Containers": {str(n): {"IPv4Address": f"172.18.0.{n}/28"} for n in range(2, 15)}}
    ranges, taken = subnets(full)
    (edge,) = placed(running().project.config, (EDGE,), {"shop_default": ranges}, {"shop_default": taken})
    assert edge.refused == "no free address on the network shop_default"


def test_our_two_containers_join_the_networks_of_the_edges_and_no_service_of_the_project_is_among_them() -> None:
    ranges, taken = subnets(NETWORK)
    config = running().project.config
    edges = placed(config, (EDGE,), {"shop_default": ranges}, {"shop_default": taken})
    made = ours(
        config, edges, {"shop_default": ranges}, run=RUN, harness_image="h:1", toxiproxy_image="t:1", api_port=20001
    )
    assert made["name"] == f"drill-{RUN}"
    assert set(made["services"]) == {"drill-lanes", "drill-toxiproxy"}
    assert made["networks"] == {"shop_default": {"name": "shop_default", "external": True}}
    assert "172.18.0.13/28" in made["services"]["drill-lanes"]["command"]
    assert all(body["labels"]["io.drill.run"] == RUN for body in made["services"].values())


def test_what_cannot_be_put_in_says_why() -> None:
    config = running().project.config
    assert not_insertable(config, EDGE) == ""
    assert "users' side" in not_insertable(config, Edge("client", "web"))
    config["services"]["side"] = {"network_mode": "service:web"}
    assert not_insertable(config, EDGE).startswith("side shares a namespace with web")
    assert not_insertable(config, replace(EDGE, refused="web has network_mode: host")) == "web has network_mode: host"


@pytest.mark.parametrize("word", ["NetworkMode", "PidMode", "IpcMode"])
@pytest.mark.parametrize("owner", [str(container("web", 2)["Id"]), "shop-web-2", str(container("web", 2)["Id"])[:12]])
def test_a_caller_in_whose_namespace_a_container_lives_is_not_taken_the_place_of(word: str, owner: str) -> None:
    from harness.cli.attach import _why

    side = container("side", 3)
    side["HostConfig"][word] = f"container:{owner}"
    beside = running(container("store"), container("web", 2), side)
    assert _why(beside, EDGE, insert=True).startswith("shop-side-3 shares a namespace with web")
    side["HostConfig"][word] = "container:shop-store-1"
    assert _why(beside, EDGE, insert=True) == ""


def test_edges_are_played_only_where_a_toxiproxy_can_stand_and_its_caller_can_wait() -> None:
    from harness.cli.attach import _why

    assert "--insert puts one there" in _why(running(), EDGE, insert=False)
    assert _why(running(), EDGE, insert=True) == ""
    passing = container("web", 2)
    passing["HostConfig"]["AutoRemove"] = True
    assert "could not wait" in _why(running(container("store"), passing), EDGE, insert=True)
    down = container("web", 2, State={"Status": "exited"})
    assert _why(running(container("store"), down), EDGE, insert=True) == "no container of web runs"


def test_a_dry_run_is_the_plan_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.cli import attach as cli
    from harness.cli.run import command

    def planned(drill: object, asked: cli.Attach) -> None:
        raise CannotRun(f"planned on {asked}")

    monkeypatch.setattr(cli, "plan_attached", planned)
    with pytest.raises(CannotRun, match=r"project='shop', insert=True, context='build'"):
        command.main(
            ["first-light", "--dry-run", "--attach", "shop", "--insert", "--context", "build"], standalone_mode=False
        )


# --- a Toxiproxy that is there -----------------------------------------------------------------------------------------


def with_toxiproxy() -> Running:
    proxy = container("toxiproxy", 3)
    proxy["Config"]["Image"] = "ghcr.io/shopify/toxiproxy:2.12"
    return running(container("store"), container("web", 2), proxy)


@pytest.mark.parametrize(
    ("command", "port"),
    [
        (["-host=0.0.0.0"], 8474),
        (["-host=0.0.0.0", "-port=8475"], 8475),
        (["-host", "0.0.0.0", "-port", "8475"], 8475),
        (["--port", "8475"], 8475),
        (["-port"], 8474),
    ],
)
def test_its_api_is_where_its_command_says_as_options_are_written(command: list[str], port: int) -> None:
    proxy = container("toxiproxy", 3)
    proxy["Config"] |= {"Image": "shopify/toxiproxy", "Cmd": command}
    assert list(toxiproxies((proxy,))) == [f"toxiproxy:{port}"]


PROXIES = {
    "store": {"listen": "[::]:16379", "upstream": "store:6379", "enabled": True, "toxics": []},
    "elsewhere": {"listen": "[::]:19000", "upstream": "10.0.0.7:9000", "enabled": True, "toxics": []},
}
INTO = Edge("web", "toxiproxy", names=("toxiproxy",), ports=(16379,))


def test_a_proxy_on_the_way_is_an_edge_from_who_dials_it_to_whom_it_dials() -> None:
    project = with_toxiproxy()
    assert list(toxiproxies(project.containers)) == ["toxiproxy:8474"]
    (one,) = on_the_way(project, (INTO,), "toxiproxy:8474", PROXIES)
    assert (one.edge.id, one.proxy, one.edge.ports, one.edge.address) == (
        "web->store",
        "store",
        (16379,),
        "172.18.0.4",
    )
    known = Edge("web", "store", speaks="redis")
    assert with_them((known, INTO), (one,))[0] == replace(one.edge, speaks="redis")


def test_of_several_proxies_those_are_meant_whose_port_the_caller_names_else_any_of_them_until_it_is_seen() -> None:
    two = {**PROXIES, "again": {**PROXIES["store"], "listen": "[::]:26379"}}
    named = on_the_way(with_toxiproxy(), (INTO,), "toxiproxy:8474", two)
    assert [one.proxy for one in named] == ["store"]
    only_its_api = replace(INTO, ports=(8474,))
    either = on_the_way(with_toxiproxy(), (only_its_api,), "toxiproxy:8474", two)
    assert [one.proxy for one in either] == ["store", "again"]
    assert "store and again" in in_doubt(either)["web->store"]
    assert in_doubt(named) == {}


def test_such_an_edge_counts_as_surveyed_only_once_its_caller_was_seen_to_use_its_proxy() -> None:
    said: list[Fact] = []
    edges = (replace(EDGE, address="172.18.0.4"), Edge("a", "b", address="172.18.0.5"), Edge("a", "c"))
    lookout = ProvenLookout(RUN, "shop", edges, {}, {"web->store": 16379}, said.append)
    elsewhere = {"ports": {"19000": 4}, "direct": 0}
    assert not lookout.counts("web->store", elsewhere), "it goes over that Toxiproxy, but not over this proxy"
    assert not lookout.counts("web->store", elsewhere)
    (blind,) = said
    assert isinstance(blind, Blinded)
    assert "port 16379" in blind.error
    assert lookout.counts("web->store", {"ports": {}, "direct": 3}), "that it goes around must be heard"
    assert lookout.counts("web->store", {"ports": {"16379": 1}, "direct": 0})
    assert lookout.counts("web->store", elsewhere), "once seen is enough"
    assert lookout.counts("a->b", {}), "one that was put in is known"
    assert not lookout.counts("a->c", {"direct": 3}), "where no Toxiproxy stands all goes straight, as it should"
