"""A Compose project that runs already: how it is found and reached, what it lacks, and what is written down of it."""

from __future__ import annotations

import json
import os
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from running_project import DRILL, EDGE, container, running

from harness.attach import context, found, put_back
from harness.attach.addresses import HERE, address_of
from harness.attach.found import Running
from harness.attach.lodgers import lodgers
from harness.attach.record import Recorded
from harness.attach.unavailable import Offer, on_attached
from harness.errors import CannotRun, UsageError
from harness.facts import Fact
from harness.plan import Plan
from harness.world.docker_cli import Answer

# --- where it is reached -----------------------------------------------------------------------------------------------


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


def test_what_another_machine_publishes_on_its_loopback_is_not_ours() -> None:
    one = container()
    one["NetworkSettings"]["Ports"] = {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18080"}]}
    assert address_of([one], "web", 8080) == ("127.0.0.1", 18080)
    assert address_of([one], "web", 8080, "localhost") == ("localhost", 18080)
    with pytest.raises(UsageError, match=r"it is published on its loopback alone on build\.example"):
        address_of([one], "web", 8080, "build.example")


def answered(monkeypatch: pytest.MonkeyPatch, host: str, code: int = 0, tls: str = "/nowhere") -> None:
    told = json.dumps([{"Name": "prod", "Endpoints": {"docker": {"Host": host}}, "Storage": {"TLSPath": tls}}])
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


def test_the_current_context_is_followed_with_its_certificates_and_its_name_is_still_protected(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from harness.cli.confirm import machines

    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "ca.pem").write_text("x")
    answered(monkeypatch, "tcp://build.example:2376", tls=str(tmp_path))
    assert context.reached() == "build.example"
    assert machines() == ["prod", "build.example"]
    assert context.variables() == {
        "DOCKER_HOST": "tcp://build.example:2376",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": str(tmp_path / "docker"),
    }


def test_a_host_that_the_environment_states_is_reached_by_its_own_variables_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "ca.pem").write_text("x")
    answered(monkeypatch, "tcp://other:2376", tls=str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "tcp://build.example:2375")
    assert context.reached() == "build.example"
    assert context.variables() == {"DOCKER_HOST": "tcp://build.example:2375"}
    assert "DOCKER_CONTEXT" not in os.environ


def test_what_is_written_down_of_a_docker_names_its_host_whatever_else_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, "unix:///var/run/docker.sock")
    monkeypatch.setenv("DOCKER_CERT_PATH", "/home/ops/.docker")
    assert context.reached() == HERE
    assert context.variables() == {"DOCKER_HOST": "unix:///var/run/docker.sock"}
    answered(monkeypatch, "tcp://build.example:2375")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    context.reached()
    assert context.variables() == {"DOCKER_HOST": "tcp://build.example:2375"}, "its context says nothing of TLS"


def test_a_context_that_is_not_there_is_a_wrong_command(monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, "", 1)
    with pytest.raises(UsageError, match="docker context ls lists them"):
        context.reached("nowhere")


# --- finding it --------------------------------------------------------------------------------------------------------


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


# --- what it lacks -----------------------------------------------------------------------------------------------------


def lacking(tmp_path: Path, drill: str = DRILL, **offers: Any) -> dict[str, str]:
    return dict(planned(tmp_path, drill, **offers).absent)


def planned(tmp_path: Path, drill: str = DRILL, **offers: Any) -> Plan:
    from harness.drill.parse import parse
    from harness.plan import make_plan

    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "load.py").write_text(
        "from locust import HttpUser, task\n\nclass U(HttpUser):\n    @task\n    def t(self): self.client.get('/')\n"
    )
    (tmp_path / "shop.yaml").write_text(drill)
    plan = make_plan(parse(tmp_path / "shop.yaml"), services=("web", "store", "api"))
    offer = Offer("shop", **{"edges": {"web->store": "nothing is on its way"}, **offers})
    return on_attached(plan, offer)


def test_a_prometheus_of_the_drills_that_does_not_run_there_refuses_no_rehearsal(tmp_path: Path) -> None:
    stated = DRILL.replace(
        "compose: [compose.yaml]", 'compose: [compose.yaml], observe: {prometheus: "prometheus:9090"}'
    )
    assert stated != DRILL
    assert not planned(tmp_path, stated).errors


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


@pytest.mark.parametrize(
    ("more", "told"), [("", True), ("silence: [{at: 'http://am.test:9093', matchers: ['service=\"shop\"']}]\n", False)]
)
def test_that_alerts_page_people_there_as_they_always_do_is_told_where_no_silence_stands(
    tmp_path: Path, more: str, told: bool
) -> None:
    said = [one.what for one in planned(tmp_path, f"{DRILL}\n{more}").problems if "page people" in one.what]
    assert ["`silence`" in text for text in said] == ([True] if told else [])


def test_where_nothing_could_page_anybody_that_is_not_told(tmp_path: Path) -> None:
    plan = planned(tmp_path, edges={"web->store": ""}, may_page=False)
    assert [one.what for one in plan.problems if "page people" in one.what] == []


def test_with_an_edge_put_in_and_a_prometheus_these_are_there(tmp_path: Path) -> None:
    absent = lacking(tmp_path, edges={"web->store": ""}, monitoring={"prometheus": "prometheus:9090"})
    assert "hurt/latency-web->store" not in absent
    assert [name for name in absent if "alert_fires" in name] == []


DEPLOYING = DRILL.replace("web->nowhere", "api->store").replace(
    'image: "shop:bad"',
    "commands: {deploy: [docker, compose, up, -d, web], restore: [docker, compose, up, -d, web]}",
)


@pytest.mark.parametrize(
    ("there", "refused"), [((), ["hurt/latency-web->store"]), (("web->store",), [])], ids=["put in", "its own"]
)
def test_an_edge_is_not_put_into_a_caller_that_the_drills_own_commands_deploy(
    tmp_path: Path, there: tuple[str, ...], refused: list[str]
) -> None:
    absent = lacking(tmp_path, DEPLOYING, edges={"web->store": "", "api->store": ""}, there=there)
    assert [name for name in absent if "latency" in name or "bad_release" in name] == refused
    assert all("a bad release of this drill deploys web" in absent[name] for name in refused)


@pytest.mark.parametrize(("there", "warned"), [((), True), (("web->store", "api->store"), False)])
def test_a_command_that_runs_compose_up_is_warned_of_while_a_callers_place_is_taken(
    tmp_path: Path, there: tuple[str, ...], warned: bool
) -> None:
    plan = planned(tmp_path, DEPLOYING, edges={"web->store": "", "api->store": ""}, there=there)
    said = [str(one) for one in plan.problems if "runs docker compose up" in str(one)]
    assert bool(said) == warned
    assert all("must not touch api while" in one and "--no-deps" in one for one in said)


@pytest.mark.parametrize(("home", "warned"), [("container:shop-store-1", True), ("shop_default", False)])
def test_a_fault_that_leaves_others_without_a_network_is_warned_of(tmp_path: Path, home: str, warned: bool) -> None:
    side = container("side")
    side["HostConfig"]["NetworkMode"] = home
    plan = planned(tmp_path, lodgers=lodgers((container(), container("store"), side)))
    said = [str(one) for one in plan.problems if "in the network of" in str(one)]
    assert ["hurt/stop-store: shop-side-1 lives in the network of store" in one for one in said] == [True] * warned


def test_on_another_machine_no_edge_is_hurt(tmp_path: Path) -> None:
    assert "on another machine" in lacking(tmp_path, edges={"web->store": ""}, remote=True)["hurt/latency-web->store"]


# --- the command line --------------------------------------------------------------------------------------------------


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


def test_the_docker_that_a_run_was_on_is_spoken_to_only_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///mine")
    monkeypatch.delenv("DOCKER_CERT_PATH", raising=False)
    with Recorded("shop", docker={"DOCKER_HOST": "ssh://there", "DOCKER_CERT_PATH": "/c"}).reached():
        assert os.environ["DOCKER_HOST"] == "ssh://there"
    assert os.environ["DOCKER_HOST"] == "unix:///mine"
    assert "DOCKER_CERT_PATH" not in os.environ


def test_what_reaches_another_docker_is_not_mixed_with_that_of_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    with Recorded("shop", docker={"DOCKER_HOST": "unix:///theirs"}).reached():
        assert "DOCKER_TLS_VERIFY" not in os.environ
    assert os.environ["DOCKER_TLS_VERIFY"] == "1"
    with Recorded("shop").reached():
        assert os.environ["DOCKER_TLS_VERIFY"] == "1", "of a run that noted none, the Docker that is spoken to anyway"


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
    from harness.safety.compose import compose_of

    folder = RunFolder(tmp_path)
    elsewhere = replace(running().project, directory=Path("/shop"), env_files=(Path("/shop/prod.env"),))
    note(folder, replace(running(), project=elsewhere))
    assert (compose_of(folder).directory, compose_of(folder).env_files) == (Path("/shop"), (Path("/shop/prod.env"),))
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
