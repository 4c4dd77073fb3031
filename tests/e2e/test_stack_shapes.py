"""One project of odd shapes, really started: every edge carries its caller's traffic, everything else is as it was."""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.stack.find import find_edges
from harness.stack.keeper import Keeper
from harness.stack.project import read_project
from harness.stack.stack import Stack
from harness.stack.sweep import all_runs, sweep
from harness.world.handles import Want
from harness.world.proxies import Reconciler

pytestmark = pytest.mark.e2e

PROJECTS = Path(__file__).parent / "projects"
FIXED_VOLUME, EXTERNAL_VOLUME = "fixed-volume-of-drill-tests", "external-volume-of-drill-tests"
CANARY = "touch me not"


@dataclass
class Playground:
    stack: Stack
    proxies: Reconciler
    lost: list[str]

    def run(self, service: str, *words: str, replica: int = 1) -> tuple[int, str]:
        name = f"{self.stack.project_name}-{service}-{replica}"
        done = subprocess.run(["docker", "exec", name, *words], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, (done.stdout + done.stderr).strip()

    def dial(self, service: str, host: str, port: int, *, how: str = "dial", replica: int = 1) -> str:
        return self.run(service, "python3", "/peer.py", how, host, str(port), replica=replica)[1]


def docker(*args: str) -> str:
    done = subprocess.run(["docker", *args], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"docker {' '.join(args)}: {done.stderr}"
    return done.stdout.strip()


def plant(volume: str) -> None:
    docker("volume", "create", volume)
    docker(
        "run",
        "--rm",
        "-v",
        f"{volume}:/v",
        "--entrypoint",
        "sh",
        "drill-test/peer:1",
        "-c",
        f"echo {CANARY} >/v/canary",
    )


def harvest(volume: str) -> str:
    return docker("run", "--rm", "-v", f"{volume}:/v", "--entrypoint", "cat", "drill-test/peer:1", "/v/canary")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, docker_engine: None) -> Iterator[Playground]:
    docker("build", "--quiet", "--tag", "drill-test/peer:1", str(PROJECTS / "peer"))
    for volume in (FIXED_VOLUME, EXTERNAL_VOLUME):
        plant(volume)
    project = read_project([PROJECTS / "shapes" / "compose.yaml"])
    run_id = secrets.token_hex(4)
    folder = tmp_path_factory.mktemp("runs") / "shapes" / run_id
    said: list[str] = []
    declared = [{"edge": "api->outside.example", "ports": [7000]}]
    stack = Stack(
        project, run_id, folder, find_edges(project, declared), publish=["api:8080", "pool:7500", "vault:8200"],
        data={"theirs": "copy"}, ready_within_s=180, say=said.append,
    )  # fmt: skip
    lost: list[str] = []
    try:
        proxies = Reconciler(stack.begin(), stack.edges)
        proxies.start()
        keeper = Keeper(run_id, stack.project_name, stack.dependencies, proxies.listening, lost.append)
        keeper.start()
        try:
            stack.up()
            stack.wait_ready()
            yield Playground(stack, proxies, lost)
        finally:
            keeper.close()
            proxies.close()
    finally:
        left = stack.down()
        for volume in (FIXED_VOLUME, EXTERNAL_VOLUME):
            docker("volume", "rm", volume)
    assert left == []
    assert run_id not in all_runs()
    assert not (folder / "binds").exists()


@pytest.mark.parametrize(
    ("edge", "caller", "host", "port", "answer"),
    [
        ("api->db", "api", "db", 5433, "db 5433 hello"),
        ("api->db", "sidecar", "db", 5433, "db 5433 hello"),
        ("worker->db", "worker", "db", 5433, "db 5433 hello"),
        ("api->cache", "api", "cache", 6379, "cache 6379 hello"),
        ("api->left", "api", "left", 7100, "left 7100 hello"),
        ("api->right", "api", "right", 7100, "right 7100 hello"),
        ("api->search", "api", "search", 9200, "search 9200 hello"),
        ("api->search", "api", "search", 9300, "search 9300 hello"),
        ("api->mail", "api", "post", 2525, "mail 2525 hello"),
        ("api->mail", "api", "mail", 2525, "mail 2525 hello"),
        ("api->ledger", "api", "books", 7200, "ledger 7200 hello"),
        ("api->box", "api", "fixed-name-box-of-drill-tests", 7300, "box 7300 hello"),
        ("api->vault", "api", "vault", 8200, "vault 8200 hello"),
    ],
)
def test_a_caller_is_answered_through_its_edge_and_refused_while_the_edge_is_closed(
    here: Playground, edge: str, caller: str, host: str, port: int, answer: str
) -> None:
    assert here.dial(caller, host, port) == answer
    here.proxies.want(Want(edge=edge, holder="test", closed=True))
    try:
        assert "ConnectionRefusedError" in here.dial(caller, host, port)
    finally:
        here.proxies.unwant("test")
    assert here.dial(caller, host, port) == answer


def test_an_edge_is_its_callers_alone_and_shared_by_its_replicas(here: Playground) -> None:
    here.proxies.want(Want(edge="worker->db", holder="test", closed=True))
    try:
        refused = [here.dial("worker", "db", 5433, replica=replica) for replica in (1, 2)]
        assert all("ConnectionRefusedError" in said for said in refused)
        assert here.dial("api", "db", 5433) == "db 5433 hello"
        assert here.dial("starter", "db", 5433) == "db 5433 hello"
    finally:
        here.proxies.unwant("test")


def test_new_connections_reach_every_replica_of_a_dependency(here: Playground) -> None:
    answers = {here.dial("api", "pool", 7500).split()[0] for _ in range(12)}
    assert len(answers) == 2


def test_load_on_a_service_with_replicas_goes_through_an_edge_of_the_users_side(here: Playground) -> None:
    from socket import create_connection

    host, port = here.stack.address("pool:7500")
    with create_connection((host, port), 5) as one:
        one.sendall(b"load\n")
        assert one.recv(100).endswith(b"7500 load\n")
    assert "client->pool" in {edge.id for edge in here.stack.edges if edge.address == host}


@pytest.mark.parametrize("target", ["api:8080", "vault:8200"])
def test_the_harness_reaches_what_is_published_also_on_an_internal_network_alone(here: Playground, target: str) -> None:
    from socket import create_connection

    with create_connection(here.stack.address(target), 5) as one:
        one.sendall(b"load\n")
        assert one.recv(100).endswith(b"load\n")


def test_what_is_no_edge_is_as_it_was(here: Playground) -> None:
    assert here.dial("api", "hidden", 7700) == "hidden 7700 hello"
    assert here.dial("api", "10.88.88.88", 7600) == "pinned 7600 hello"
    assert here.dial("api", "stats", 8125, how="udp") == "stats 8125 hello"
    assert here.dial("sidecar", "127.0.0.1", 8080).endswith("8080 hello")
    assert "ConnectionRefusedError" in here.dial("api", "db", 5434)


def test_a_resolver_that_skips_the_hosts_file_goes_around_the_edge_and_still_works(here: Playground) -> None:
    here.proxies.want(Want(edge="api->db", holder="test", closed=True))
    try:
        assert here.dial("api", "db", 5433, how="direct") == "db 5433 hello"
    finally:
        here.proxies.unwant("test")


def test_what_cannot_be_an_edge_is_refused_with_the_reason(here: Playground) -> None:
    reasons = {edge.id: edge.refused for edge in here.stack.edges if edge.refused}
    assert "speaks UDP on 8125" in reasons["api->stats"]
    assert "10.88.88.88" in reasons["api->pinned"]
    assert "loopback" in reasons["sidecar->api"]
    assert "api->idle" not in {edge.id for edge in here.stack.edges}


def test_an_external_host_points_to_its_edge_in_the_caller_and_to_itself_in_toxiproxy(here: Playground) -> None:
    edge = next(edge for edge in here.stack.edges if edge.id == "api->outside.example")
    assert f"{edge.address}\toutside.example" in here.run("api", "cat", "/etc/hosts")[1]
    lanes = here.run("drill-lanes", "cat", "/etc/hosts")[1]
    assert "outside.example" not in lanes


def test_an_edge_closes_and_opens_with_its_dependency_and_keeps_its_address_over_a_restart_of_toxiproxy(
    here: Playground,
) -> None:
    docker("kill", f"{here.stack.project_name}-left-1")
    assert "ConnectionRefusedError" in here.dial("api", "left", 7100)
    docker("start", f"{here.stack.project_name}-left-1")
    assert _soon(lambda: here.dial("api", "left", 7100) == "left 7100 hello")
    here.stack.restart_toxiproxy()
    assert _soon(lambda: here.dial("api", "left", 7100) == "left 7100 hello")
    assert here.lost == []


def test_real_data_is_never_touched_and_a_copy_holds_what_the_real_one_held(here: Playground) -> None:
    for place in ("/keep", "/theirs", "/data"):
        assert here.run("api", "sh", "-c", f"echo harm > {place}/canary; echo harm > {place}/canary.txt")[0] == 0
    assert harvest(FIXED_VOLUME) == CANARY
    assert harvest(EXTERNAL_VOLUME) == CANARY
    assert (PROJECTS / "shapes" / "data" / "canary.txt").read_text() == "as it was\n"


def test_a_private_volume_starts_empty_and_a_copied_one_filled(here: Playground) -> None:
    mounts = docker(
        "inspect", "--format", "{{range .Mounts}}{{.Name}} {{end}}", f"{here.stack.project_name}-api-1"
    ).split()
    assert set(mounts) == {f"{here.stack.project_name}_keep", f"{here.stack.project_name}_theirs"}


def test_one_shots_that_ended_with_0_are_no_failure(here: Playground) -> None:
    states = {state.service: state for state in here.stack.states()}
    assert (states["migrate"].status, states["migrate"].exit_code) == ("exited", 0)
    assert states["starter"].status == "running"


def test_a_log_that_the_file_sends_nowhere_can_be_read_in_a_run(here: Playground) -> None:
    docker("logs", f"{here.stack.project_name}-idle-1")


def test_an_optional_dependency_whose_profile_is_off_is_not_started(here: Playground) -> None:
    assert "services.api.depends_on: tracer left out, its profile is off" in here.stack.changes
    assert "tracer" not in {state.service for state in here.stack.states()}


def test_the_file_that_ran_is_readable_by_its_owner_alone(here: Playground) -> None:
    assert (here.stack.folder / "compose.yaml").stat().st_mode & 0o777 == 0o600


def test_a_run_that_never_was_is_swept_without_a_word() -> None:
    assert sweep("00000000") == []


def _soon(holds: object, within_s: float = 30) -> bool:
    assert callable(holds)
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        if holds():
            return True
        time.sleep(0.2)
    return bool(holds())
