"""A Compose project that runs already: what takes a container's place, whether all is the same again, and how it is given back."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from running_project import NOW, RUN, container, plain

from harness.attach import put_back, waiting
from harness.attach.clone import clone
from harness.attach.record import Parked, Recorded, attached, recorded, waits
from harness.attach.snapshot import containers, differences, silences
from harness.errors import CannotRun
from harness.facts import Aimed, Injecting
from harness.journal_writer import Writer

# --- what is put in a container's place --------------------------------------------------------------------------------


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


# --- whether it is the same again --------------------------------------------------------------------------------------


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


# --- giving it back ----------------------------------------------------------------------------------------------------


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

    def restart(self, container: str, timeout: int) -> None:
        self.steps.append(f"restart {container[:4]}")

    def close(self) -> None:
        """As a client is closed."""


def test_what_waits_runs_again_though_a_helper_could_not_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parked = Parked("a" * 64, "shop-web-1", f"shop-web-1-waits-for-drill-{RUN}")
    Recorded("shop", containers([container()], plain)).parking((parked,)).keep(tmp_path)
    world = World(monkeypatch, [container()], ["network drill"])
    back = put_back.put_back(tmp_path, RUN)
    assert world.steps == ["sweep", "wake"]
    assert back.left == ("network drill",)
    assert back.commands == (f"drill mend {RUN}",)


def test_one_in_whose_place_the_runs_own_still_stands_is_told_with_what_removes_that_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parked = Parked("a" * 64, "shop-web-1", f"shop-web-1-waits-for-drill-{RUN}")
    Recorded("shop", containers([container()], plain)).parking((parked,)).keep(tmp_path)
    World(monkeypatch, [container()], ["container cafe"])
    monkeypatch.setattr(put_back, "wake", lambda run: [f"{parked.waits_as}: the name is in use"])
    assert put_back.put_back(tmp_path, RUN).commands == (
        f"drill mend {RUN}",
        f"docker rm -f $(docker ps -aq --filter label=io.drill.run={RUN})",
        f"docker rename {parked.waits_as} shop-web-1 && docker start shop-web-1",
    )


def test_a_container_that_cannot_be_started_keeps_no_other_down_and_is_tried_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Recorded("shop", containers([container("api"), container("store")], plain)).keep(tmp_path)
    down = [container(service, State={"Status": "exited", "ExitCode": 1}) for service in ("api", "store")]
    world = World(monkeypatch, down, [])
    asked: list[str] = []

    def start(id_: str) -> None:
        asked.append("api" if id_ == down[0]["Id"] else "store")
        if asked == ["api"]:
            raise OSError("port is already allocated")
        next(one for one in down if one["Id"] == id_)["State"]["Status"] = "running"

    monkeypatch.setattr(world, "start", start)
    assert put_back.put_back(tmp_path, RUN) == put_back.Returned("shop")
    assert asked == ["api", "store", "api"]


def test_a_job_that_has_ended_by_itself_is_not_run_again_and_is_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Recorded("shop", containers([container("migrate")], plain)).keep(tmp_path)
    over = container("migrate", State={"Status": "exited", "ExitCode": 0})
    world = World(monkeypatch, [over], [])
    assert put_back.put_back(tmp_path, RUN) == put_back.Returned("shop")
    assert world.steps == ["sweep", "wake"]
    Recorded("shop", containers([container(), container("migrate")], plain)).keep(tmp_path)
    assert put_back.put_back(tmp_path, RUN).other == ("container shop-web-1 is not there any more",)


@pytest.mark.parametrize(
    ("code", "policy", "kind", "target"),
    [
        (1, "no", "stop", "store"),
        (0, "unless-stopped", "stop", "store"),
        (0, "no", "stop", "migrate"),
        (0, "no", "latency", "migrate->store"),
        (0, "no", "command", "disk"),
    ],
)
def test_one_that_the_run_may_have_stopped_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, policy: str, kind: str, target: str
) -> None:
    Recorded("shop", containers([container("migrate")], plain)).keep(tmp_path)
    (tmp_path / "facts").mkdir()
    writer = Writer(tmp_path / "facts", "harness", lambda: 1.0)
    writer.write(Injecting(fault="f", kind=kind, target=target, planned_s=1.0))
    writer.close()
    one = container("migrate", State={"Status": "exited", "ExitCode": code})
    one["HostConfig"]["RestartPolicy"] = {"Name": policy}
    world = World(monkeypatch, [one], [])
    put_back.put_back(tmp_path, RUN)
    assert world.steps == ["sweep", "wake", "start"]


@pytest.mark.parametrize(
    ("kind", "began", "home", "restarted"),
    [
        ("kill", "2026-01-01T10:00:00Z", "container:" + "a" * 64, True),
        ("stop", "2026-01-01T10:00:00Z", "container:shop-web-1", True),
        ("kill", "2026-01-01T10:00:00Z", "shop_default", False),
        ("kill", "2026-01-01T10:05:00.6Z", "container:shop-web-1", False),
        ("pause", "2026-01-01T10:00:00Z", "container:shop-web-1", False),
    ],
)
def test_who_lives_in_the_network_of_one_that_was_ended_is_restarted_for_else_it_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, began: str, home: str, restarted: bool
) -> None:
    owner = container(Id="a" * 64, State={"Status": "running", "StartedAt": "2026-01-01T10:05:00Z"})
    lodger = container("side", Id="b" * 64, State={"Status": "running", "StartedAt": began})
    lodger["HostConfig"]["NetworkMode"] = home
    Recorded("shop", containers([owner, lodger], plain)).keep(tmp_path)
    (tmp_path / "facts").mkdir()
    writer = Writer(tmp_path / "facts", "harness", lambda: 1.0)
    writer.write(Injecting(fault="f", kind=kind, target="web", planned_s=1.0))
    writer.write(Aimed(fault="f", containers=("shop-web-1",)))
    writer.close()
    world = World(monkeypatch, [owner, lodger], [])
    assert put_back.put_back(tmp_path, RUN) == put_back.Returned("shop")
    assert world.steps == ["sweep", "wake", *(["restart bbbb"] if restarted else [])]


def test_a_project_that_cannot_be_looked_at_was_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*given: object) -> dict[str, Any]:
        raise CannotRun("Docker is gone")

    Recorded("shop", containers([container()], plain)).keep(tmp_path)
    World(monkeypatch, [container()], [])
    monkeypatch.setattr(put_back, "snapshot", away)
    back = put_back.put_back(tmp_path, RUN)
    assert not back.compared
    assert back.other == ("shop could not be looked at: Docker is gone",)


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


def test_a_run_that_has_put_all_back_is_left_alone_by_a_later_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Recorded("shop", containers([container()], plain)).keep(tmp_path)
    world = World(monkeypatch, [container(State={"Status": "exited"})], [])
    assert put_back.gone(tmp_path, RUN) == put_back.Returned("shop")
    assert world.steps == ["sweep", "wake"], "its user has stopped it since"
