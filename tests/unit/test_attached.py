"""A Compose project that runs already, by what Docker tells of it: what is put in its place, whether it is the same again, what it lacks."""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.attach import context, found, put_back, waiting
from harness.attach.addresses import HERE, address_of
from harness.attach.clone import clone
from harness.attach.found import Running, told_by_containers
from harness.attach.in_path import in_doubt, on_the_way, with_them
from harness.attach.look import toxiproxies
from harness.attach.placing import not_insertable, ours, placed, subnets
from harness.attach.proven import ProvenLookout
from harness.attach.record import Parked, Recorded, attached, recorded, waits
from harness.attach.snapshot import containers, differences, silences
from harness.attach.unavailable import Offer, on_attached
from harness.edges import Edge
from harness.errors import CannotRun, UsageError
from harness.facts import Blinded, Fact
from harness.stack.project import Project
from harness.world.docker_cli import Answer

RUN = "0a0b0c0d"
NOW = "2026-12-03T10:00:00Z"


def container(service: str = "web", number: int = 1, **changes: Any) -> dict[str, Any]:
    """A container as `docker inspect` tells it, as far as anybody here reads it."""
    id_ = f"{service}{number}".encode().hex().ljust(64, "0")
    one: dict[str, Any] = {
        "Id": id_,
        "Name": f"/shop-{service}-{number}",
        "Image": "sha256:aaa",
        "State": {"Status": "running", "Running": True},
        "Config": {
            "Hostname": id_[:12],
            "Image": f"shop-{service}",
            "Env": ["B=2", "PASSWORD=hunter2", "A=1"],
            "Cmd": [service],
            "Labels": {
                "com.docker.compose.project": "shop",
                "com.docker.compose.service": service,
                "com.docker.compose.config-hash": "cafe",
            },
        },
        "HostConfig": {"NetworkMode": "shop_default", "ExtraHosts": None, "Binds": None, "Mounts": None},
        "Mounts": [],
        "NetworkSettings": {
            "Ports": {},
            "Networks": {
                "shop_default": {
                    "Aliases": [f"shop-{service}-{number}", service, id_[:12]],
                    "IPAMConfig": None,
                    "IPAddress": f"172.18.0.{number + 1}",
                    "MacAddress": "02:42:ac:12:00:02",
                }
            },
        },
    }
    return {**one, **changes}


def running(*those: dict[str, Any]) -> Running:
    seen = those or (container("store"), container("web", 2))
    return Running("shop", seen, Project("shop", (), Path("/nowhere"), told_by_containers("shop", seen)), "not here")


def plain(text: str) -> str:
    return text


# --- what is put in a container's place ---------------------------------------------------------------------------------


def test_what_takes_a_containers_place_differs_in_its_label_and_where_names_lead() -> None:
    one = container()
    one["HostConfig"]["ExtraHosts"] = ["store:10.0.0.9", "host.internal:host-gateway"]
    body, others = clone(one, {"store": "172.18.255.254"}, RUN)
    assert body["HostConfig"]["ExtraHosts"] == ["host.internal:host-gateway", "store:172.18.255.254"]
    assert body["Labels"]["io.drill.run"] == RUN
    assert {name: body["Labels"][name] for name in one["Config"]["Labels"]} == one["Config"]["Labels"]
    assert body["Image"] == "sha256:aaa", "the image itself, not a name that may have moved"
    assert "Hostname" not in body, "it was made of the other's id"
    assert body["Env"] == one["Config"]["Env"]
    use = body["NetworkingConfig"]["EndpointsConfig"]["shop_default"]
    assert others == {}
    assert use == {"Aliases": ["shop-web-1", "web"]}, "no address and no hardware address, which Docker chooses"
    assert one["HostConfig"]["ExtraHosts"][0] == "store:10.0.0.9", "what was told of the other is left alone"


def test_a_fixed_address_and_a_stated_host_name_are_kept() -> None:
    one = container()
    one["Config"]["Hostname"] = "till"
    one["NetworkSettings"]["Networks"]["shop_default"]["IPAMConfig"] = {"IPv4Address": "172.18.0.50"}
    body, _ = clone(one, {}, RUN)
    assert body["Hostname"] == "till"
    assert body["NetworkingConfig"]["EndpointsConfig"]["shop_default"]["IPAMConfig"] == {"IPv4Address": "172.18.0.50"}


def test_the_network_that_it_was_made_on_comes_with_it_and_the_others_are_connected() -> None:
    one = container()
    one["NetworkSettings"]["Networks"] = {"shop_back": {"Aliases": ["db-side"]}, **one["NetworkSettings"]["Networks"]}
    body, others = clone(one, {}, RUN)
    assert list(body["NetworkingConfig"]["EndpointsConfig"]) == ["shop_default"]
    assert others == {"shop_back": {"Aliases": ["db-side"]}}


def test_volumes_without_a_name_are_the_others_own_however_they_were_stated() -> None:
    one = container()
    one["Mounts"] = [
        {"Type": "volume", "Name": "n1", "Destination": "/of-image"},
        {"Type": "volume", "Name": "n2", "Destination": "/stated"},
        {"Type": "volume", "Name": "n3", "Destination": "/bound"},
        {"Type": "volume", "Name": "shop_data", "Destination": "/data"},
        {"Type": "bind", "Source": "/etc/shop", "Destination": "/etc/shop"},
    ]
    one["HostConfig"]["Mounts"] = [
        {"Type": "volume", "Target": "/stated"},
        {"Type": "volume", "Source": "shop_data", "Target": "/data"},
    ]
    one["HostConfig"]["Binds"] = ["/bound", "/etc/shop:/etc/shop:ro"]
    host = clone(one, {}, RUN)[0]["HostConfig"]
    assert host["Binds"] == ["n3:/bound", "/etc/shop:/etc/shop:ro"]
    assert [(mount["Source"], mount["Target"]) for mount in host["Mounts"]] == [
        ("n2", "/stated"),
        ("shop_data", "/data"),
        ("n1", "/of-image"),
    ]


# --- whether it is the same again ---------------------------------------------------------------------------------------


def test_a_project_that_is_as_it_was_has_no_differences_and_what_waits_is_gone() -> None:
    before = containers([container(), container("store")], plain)
    again = copy.deepcopy([container("store"), container()])
    again[1]["Config"]["Env"].reverse()  # Docker keeps no order of what Compose gave it
    again[1]["State"]["Running"] = True
    again[1]["NetworkSettings"]["Networks"]["shop_default"]["IPAddress"] = "172.18.0.77"
    assert differences(before, containers(again, plain), NOW) == []


@pytest.mark.parametrize(
    ("word", "change"),
    [
        ("status", lambda one: one["State"].update(Status="exited")),
        ("image", lambda one: one.update(Image="sha256:bbb")),
        ("configuration", lambda one: one["Config"]["Labels"].update({"com.docker.compose.config-hash": "beef"})),
        ("environment", lambda one: one["Config"]["Env"].append("C=3")),
        ("host settings", lambda one: one["HostConfig"].update(ExtraHosts=["store:10.0.0.1"])),
        ("mounts", lambda one: one["Mounts"].append({"Type": "volume", "Name": "x", "Destination": "/x"})),
        ("networks", lambda one: one["NetworkSettings"]["Networks"].pop("shop_default")),
        ("settings", lambda one: one["Config"].update(Cmd=["other"])),
    ],
)
def test_each_difference_is_named(word: str, change: Any) -> None:
    other = container()
    change(other)
    (said,) = differences(containers([container()], plain), containers([other], plain), NOW)
    assert said.startswith("container shop-web-1: ")
    assert said.removeprefix("container shop-web-1: ").startswith(f"{word} ")


def test_what_came_and_what_went_is_told() -> None:
    before, after = containers([container()], plain), containers([container("store")], plain)
    assert differences(before, after, NOW) == [
        "container shop-web-1 is not there any more",
        "container shop-store-1 was not there before",
    ]


def test_what_the_drills_own_commands_deployed_may_have_been_made_anew_but_not_of_another_image() -> None:
    anew = container()
    anew["NetworkSettings"]["Networks"]["shop_default"]["Aliases"][-1] = "e" * 12
    anew["Id"] = "e" * 64
    anew["Config"]["Labels"]["com.docker.compose.config-hash"] = "beef"
    before = containers([container()], plain)
    assert differences(before, containers([anew], plain), NOW, deployed=("web",)) == []
    (said,) = differences(before, containers([{**anew, "Image": "sha256:bad"}], plain), NOW, deployed=("web",))
    assert said == "container shop-web-1: image sha256:aaa before, sha256:bad now"


def test_no_secret_stands_in_what_was_found() -> None:
    seen = containers([container()], lambda text: "#hash")
    assert "hunter2" not in json.dumps(seen)
    other = containers([container(Mounts=[{"Type": "bind"}])], lambda text: f"#{len(text)}")
    (said,) = differences(containers([container()], lambda text: f"#{len(text)}"), other, NOW)
    assert said == "container shop-web-1: mounts changed", "a hash says nothing to a person"


def silence(id_: str, ends: str, state: str = "active") -> dict[str, Any]:
    return {"id": id_, "matchers": [{"name": "alertname", "value": "X"}], "endsAt": ends, "status": {"state": state}}


def test_a_silence_that_is_over_may_be_gone_and_one_that_is_not_may_not() -> None:
    before = silences("alertmanager", [silence("a", "2026-12-03T09:59:00Z"), silence("b", "2026-12-03T23:00:00Z")])
    after = silences("alertmanager", [silence("a", "2026-12-03T09:59:00Z", "expired")])
    assert differences(before, after, NOW) == ["silence b of alertmanager is not there any more"]


# --- where edges are put ------------------------------------------------------------------------------------------------

NETWORK = {
    "IPAM": {"Config": [{"Subnet": "172.18.0.0/28", "Gateway": "172.18.0.1"}]},
    "Containers": {"a": {"IPv4Address": "172.18.0.2/28"}, "b": {"IPv4Address": "172.18.0.14/28"}},
}
EDGE = Edge("web", "store", names=("store",), ports=(6379,))


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


# --- a Toxiproxy that is there ------------------------------------------------------------------------------------------


def with_toxiproxy() -> Running:
    proxy = container("toxiproxy", 3)
    proxy["Config"]["Image"] = "ghcr.io/shopify/toxiproxy:2.12"
    return running(container("store"), container("web", 2), proxy)


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


# --- where it is reached ------------------------------------------------------------------------------------------------


def test_load_goes_where_a_port_is_published_else_to_the_container_itself() -> None:
    one = container()
    assert address_of([one], "web", 8080) == ("172.18.0.2", 8080)
    one["NetworkSettings"]["Ports"] = {
        "8080/tcp": [{"HostIp": "::1", "HostPort": "1"}, {"HostIp": "0.0.0.0", "HostPort": "18080"}]
    }
    assert address_of([one], "web", 8080) == ("127.0.0.1", 18080)
    assert address_of([one], "web", 8080, "build.example") == ("build.example", 18080)


def test_on_another_machine_only_what_is_published_is_reached() -> None:
    with pytest.raises(UsageError, match=r"web:8080 cannot be reached: it is not published on build.example"):
        address_of([container()], "web", 8080, "build.example")
    with pytest.raises(UsageError, match="no container of web runs"):
        address_of([], "web", 8080)


def answered(monkeypatch: pytest.MonkeyPatch, host: str, code: int = 0) -> None:
    told = json.dumps([{"Endpoints": {"docker": {"Host": host}}, "Storage": {"TLSPath": "/nowhere"}}])
    for name in ("DOCKER_CONTEXT", *context.REACHED_BY):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(context, "docker", lambda *words: Answer(code, told, "" if not code else "no such context"))


def test_a_context_is_followed_by_all_that_this_process_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, "ssh://ops@build.example:22")
    assert context.reached("build") == "build.example"
    assert context.variables() == {"DOCKER_HOST": "ssh://ops@build.example:22"}


def test_this_machines_own_docker_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, "unix:///var/run/docker.sock")
    assert context.reached() == HERE
    assert context.variables() == {"DOCKER_HOST": "unix:///var/run/docker.sock"}


def test_a_context_that_is_not_there_is_a_wrong_command(monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, "", 1)
    with pytest.raises(UsageError, match="docker context ls lists them"):
        context.reached("nowhere")


# --- finding it ---------------------------------------------------------------------------------------------------------


def test_a_project_that_does_not_run_is_told_with_those_that_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found, "listed", lambda name: ())
    monkeypatch.setattr(found, "projects", lambda: ["shop"])
    with pytest.raises(CannotRun, match="no container of a Compose project 'shpo' runs; shop does"):
        found.find("shpo")


def test_a_project_with_edges_of_another_run_in_it_is_refused_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    one = container()
    one["Config"]["Labels"]["io.drill.run"] = "99999999"
    monkeypatch.setattr(found, "listed", lambda name: (container("store"), one))
    with pytest.raises(CannotRun, match="drill mend 99999999"):
        found.find("shop")


def test_where_its_files_cannot_be_read_its_containers_tell_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    one = container()
    one["Config"]["Labels"]["com.docker.compose.project.config_files"] = "/gone/compose.yaml"
    monkeypatch.setattr(found, "listed", lambda name: (one,))
    seen = found.find("shop")
    assert seen.unread == "/gone/compose.yaml cannot be read on this machine"
    assert seen.project.services["web"]["environment"]["A"] == "1"
    assert seen.project.files == ()


def composed(monkeypatch: pytest.MonkeyPatch, folder: Path, stated: dict[str, Any]) -> Running:
    """A project whose file is there, and what `docker compose config` makes of it."""
    (folder / "compose.yaml").write_text("services: {}\n")
    one = container()
    one["Config"]["Labels"]["com.docker.compose.project.config_files"] = str(folder / "compose.yaml")
    one["Config"]["Labels"]["com.docker.compose.project.working_dir"] = str(folder)
    monkeypatch.setattr(found, "listed", lambda name: (one,))
    monkeypatch.setattr(found, "run", lambda *given, **more: Answer(0, json.dumps({"services": stated}), ""))
    return found.find("shop")


def test_variables_are_those_that_the_container_has_whatever_the_file_read_here_makes_of_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stated = {"web": {"image": "shop-web", "environment": {"PASSWORD": ""}, "volumes": []}, "off": {"image": "x"}}
    seen = composed(monkeypatch, tmp_path, stated)
    assert seen.unread == ""
    assert list(seen.project.services) == ["web"], "a service of a profile that is off is none of what runs"
    assert seen.project.services["web"]["environment"]["PASSWORD"] == "hunter2"
    assert "volumes" in seen.project.services["web"]


def test_a_file_without_a_service_that_runs_is_another_projects(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert composed(monkeypatch, tmp_path, {"api": {"image": "x"}}).unread == "they have no web, which runs"


# --- what it lacks ------------------------------------------------------------------------------------------------------

DRILL = """\
drill: shop
stack: {compose: [compose.yaml]}
load: {locustfile: load.py, against: web:8080, arrivals: [{for: 1m, rate: 5/s}], max_in_flight: 5, timeout: 2s}
steady: {for: 3s, within: 20s, all: [errors < 5%]}
phases:
  - name: hurt
    for: 10s
    faults:
      - stop: {service: store}
      - latency: {edge: web->store, delay: 300ms}
      - latency: {edge: web->nowhere, delay: 300ms}
      - bad_release: {service: web, image: "shop:bad"}
    expect:
      - page_sent: {receiver: oncall, alert: Gone, within: 5s}
      - alert_fires: {alert: Gone, within: 5s}
      - stays_up: {service: web}
"""


def lacking(tmp_path: Path, **offers: Any) -> dict[str, str]:
    from harness.drill.parse import parse
    from harness.plan import make_plan

    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "load.py").write_text(
        "from locust import HttpUser, task\n\nclass U(HttpUser):\n    @task\n    def t(self): self.client.get('/')\n"
    )
    (tmp_path / "shop.yaml").write_text(DRILL)
    plan = make_plan(parse(tmp_path / "shop.yaml"), services=("web", "store"))
    offer = Offer("shop", **{"edges": {"web->store": "nothing is on its way"}, **offers})
    return dict(on_attached(plan, offer).absent)


def test_what_a_running_project_lacks_is_said_and_the_rest_is_played(tmp_path: Path) -> None:
    absent = lacking(tmp_path)
    assert absent["hurt/latency-web->store"] == "nothing is on its way"
    assert absent["hurt/latency-web->nowhere"].startswith(
        "no edge web->nowhere was found; found from there: web->store"
    )
    assert "give the release `commands`" in absent["hurt/bad_release-web"]
    assert "hurt/stop-store" not in absent
    assert [name for name in absent if "page_sent" in name] != []
    assert [name for name in absent if "alert_fires" in name] != [], "no Prometheus was found"
    assert [name for name in absent if "stays_up" in name] == []


def test_with_an_edge_put_in_and_a_prometheus_these_are_there(tmp_path: Path) -> None:
    absent = lacking(tmp_path, edges={"web->store": ""}, monitoring={"prometheus": "prometheus:9090"})
    assert "hurt/latency-web->store" not in absent
    assert [name for name in absent if "alert_fires" in name] == []


def test_on_another_machine_no_edge_is_hurt(tmp_path: Path) -> None:
    assert "on another machine" in lacking(tmp_path, edges={"web->store": ""}, remote=True)["hurt/latency-web->store"]


# --- giving it back -----------------------------------------------------------------------------------------------------


def test_what_was_found_is_on_the_disk_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    assert not attached(tmp_path)
    parked = Parked("a" * 64, "shop-web-1", f"shop-web-1-waits-for-drill-{RUN}")
    told = Recorded("shop", {"container shop-web-1": {"id": "a"}}, docker={"DOCKER_HOST": "x"}).parking((parked,))
    told.keep(tmp_path)
    assert recorded(tmp_path) == told
    assert (tmp_path / "attached.json").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["attached.json"]
    assert waits(parked.waits_as)
    (tmp_path / "attached.json").write_text('{"project": "shop"')
    assert attached(tmp_path)
    assert recorded(tmp_path) is None, "torn: nothing is taken from it"


class World:
    """Docker, as far as giving back asks it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: list[dict[str, Any]], left: list[str]) -> None:
        self.steps: list[str] = []
        self.after = after
        monkeypatch.setattr(put_back, "sweep", lambda run: self.did("sweep", left))
        monkeypatch.setattr(put_back, "wake", lambda run: self.did("wake", []))
        monkeypatch.setattr(put_back, "listed", lambda name: self.after)
        monkeypatch.setattr(put_back, "snapshot", lambda *given: containers(self.after, plain))
        monkeypatch.setattr(put_back, "connect", lambda timeout_s: self)
        monkeypatch.setattr(put_back, "SETTLES_S", 0.0)
        self.api = self

    def did(self, step: str, answer: list[str]) -> list[str]:
        self.steps.append(step)
        return answer

    def start(self, container: str) -> None:
        self.steps.append("start")
        for one in self.after:
            if one["Id"] == container:
                one["State"]["Status"] = "running"

    def close(self) -> None:
        """As a client is closed."""


def test_what_waits_runs_again_only_when_all_of_the_run_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parked = Parked("a" * 64, "shop-web-1", f"shop-web-1-waits-for-drill-{RUN}")
    Recorded("shop", containers([container()], plain)).parking((parked,)).keep(tmp_path)
    world = World(monkeypatch, [container()], ["network drill"])
    back = put_back.put_back(tmp_path, RUN)
    assert world.steps == ["sweep"]
    assert back.left == ("network drill",)
    assert back.commands == (
        f"drill mend {RUN}",
        f"docker rename {parked.waits_as} shop-web-1 && docker start shop-web-1",
    )


def test_what_ran_and_does_not_is_started_and_what_is_other_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Recorded("shop", containers([container(), container("store")], plain)).keep(tmp_path)
    dead = container("store", State={"Status": "exited"})
    world = World(monkeypatch, [container(Image="sha256:other"), dead], [])
    back = put_back.put_back(tmp_path, RUN)
    assert world.steps == ["sweep", "wake", "start"]
    assert back.other == ("container shop-web-1: image sha256:aaa before, sha256:other now",)


def test_a_project_that_is_what_it_was_leaves_nothing_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Recorded("shop", containers([container()], plain)).keep(tmp_path)
    World(monkeypatch, [container()], [])
    assert put_back.put_back(tmp_path, RUN) == put_back.Returned("shop")


def test_those_that_wait_are_found_by_their_names_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[tuple[str, str]] = []
    monkeypatch.setattr(waiting, "asked", lambda *words: f"shop-web-1-waits-for-drill-{RUN}\n")
    monkeypatch.setattr(waiting, "_wake", lambda *names: woken.append(names))
    assert waiting.wake(RUN) == []
    assert woken == [(f"shop-web-1-waits-for-drill-{RUN}", "shop-web-1")]


# --- the command line ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--insert"], "--insert goes with --attach PROJECT"),
        (["--context", "build"], "--context goes with --attach PROJECT"),
        (["--attach", "shop", "--target", "staging"], "give one of them"),
    ],
)
def test_options_that_do_not_go_together_are_a_wrong_command(words: list[str], said: str) -> None:
    from harness.cli.run import command

    with pytest.raises(UsageError, match=said):
        command.main(["first-light", *words], standalone_mode=False)


PAGE = (Path(__file__).parents[2] / "docs" / "attach.md").read_text()
COMMANDS = [line for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S) for line in block.splitlines()]


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_of_the_page_is_one_that_drill_takes(line: str) -> None:
    from harness.cli import group

    program, *words = shlex.split(line)
    assert program == "drill"
    context = group.make_context("drill", words)
    name, command, rest = group.resolve_command(context, words)
    assert command is not None
    made = command.make_context(name, list(rest), parent=context)
    assert made.params.get("attach", "shop") == "shop"


def test_a_run_that_has_put_all_back_is_left_alone_by_a_later_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Recorded("shop", containers([container()], plain)).keep(tmp_path)
    world = World(monkeypatch, [container(State={"Status": "exited"})], [])
    assert put_back.gone(tmp_path, RUN) == put_back.Returned("shop")
    assert world.steps == ["sweep", "wake"], "its user has stopped it since"


def test_the_docker_that_a_run_was_on_is_spoken_to_only_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///mine")
    monkeypatch.delenv("DOCKER_CERT_PATH", raising=False)
    with Recorded("shop", docker={"DOCKER_HOST": "ssh://there", "DOCKER_CERT_PATH": "/c"}).reached():
        assert os.environ["DOCKER_HOST"] == "ssh://there"
    assert os.environ["DOCKER_HOST"] == "unix:///mine"
    assert "DOCKER_CERT_PATH" not in os.environ


def test_what_its_containers_tell_keeps_the_secrets_to_mask_and_makes_no_container(tmp_path: Path) -> None:
    from harness.run.project_notes import as_stated
    from harness.stack_secrets import secrets_in

    unread = running()
    stated = as_stated(unread)
    assert [secret.value for secret in secrets_in(stated)] == ["hunter2"]
    assert {body["image"] for body in stated["services"].values()} == {None}
    assert as_stated(replace(unread, unread="")) == unread.project.config


def test_a_project_that_is_not_what_it_was_ends_a_run_with_seven_and_the_commands() -> None:
    from harness.ending import ending_of
    from harness.run.project_notes import tell
    from harness.testing import journal_of

    said: list[Fact] = []
    tell(
        put_back.Returned("shop", (), ("container shop-web-1: image a before, b now",), ("drill mend 1",)), said.append
    )
    (left,) = ending_of(journal_of(*said)).not_mended
    assert left == (
        "the project as it was found: shop is not what it was: container shop-web-1: image a before, b now; type: drill mend 1"
    )
    told: list[Fact] = []
    tell(put_back.Returned("shop"), told.append)
    assert ending_of(journal_of(*told)).not_mended == ()


def test_what_does_not_answer_is_told_and_not_compared_and_the_rest_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from harness.run import project_notes
    from harness.stack.observed import Monitoring

    asked: list[dict[str, str]] = []

    def snapshot(project: str, places: dict[str, str], key: str, machine: str) -> dict[str, Any]:
        asked.append(places)
        if "toxiproxy" in places:
            raise CannotRun("toxiproxy does not answer")
        return {"container shop-web-1": {"id": "a"}}

    monkeypatch.setattr(project_notes, "snapshot", snapshot)
    monkeypatch.setattr(project_notes, "variables", lambda: {"DOCKER_HOST": "unix:///x"})
    said: list[str] = []
    session: Any = SimpleNamespace(display=SimpleNamespace(say=said.append), plan=SimpleNamespace(injections=()))
    monitoring = Monitoring(alertmanager="alertmanager:9093", prefix={"alertmanager": "/am"})
    told = project_notes.as_found(session, running(), monitoring, HERE, "toxiproxy:8474")
    assert said == ["warning: what toxiproxy holds is not compared at the end: toxiproxy does not answer"]
    assert told.places == asked[-1] == {"alertmanager": "alertmanager:9093/am"}
    assert told.found == {"container shop-web-1": {"id": "a"}}


def test_what_others_need_to_find_a_run_by_is_in_its_folder_for_its_owner_alone(tmp_path: Path) -> None:
    from types import SimpleNamespace

    from harness.judging import secrets_of
    from harness.run.folder import RunFolder
    from harness.run.project_notes import note

    folder = RunFolder(tmp_path)
    note(folder, running())
    assert folder.stack_notes()["project"] == "shop"
    assert (folder.stack_notes()["edges"], folder.stack_notes()["api"]) == ([], None)
    assert folder.compose_files == str(tmp_path / "compose.yaml"), "by which nothing can be made"
    known = replace(running(), project=replace(running().project, files=(Path("/a.yaml"), Path("/b.yaml"))), unread="")
    note(folder, known)
    assert folder.compose_files == "/a.yaml:/b.yaml"
    placed_edge = replace(EDGE, address="172.18.0.5")
    inserted: Any = SimpleNamespace(edges=(placed_edge,), api=("127.0.0.1", 20001))
    note(folder, running(), inserted)
    assert folder.stack_notes()["api"] == ["127.0.0.1", 20001]
    assert folder.stack_notes()["edges"][0]["address"] == "172.18.0.5"
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    assert [secret.value for secret in secrets_of(tmp_path) or ()] == ["hunter2"]
