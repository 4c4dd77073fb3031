"""`drill run --attach` on a Compose project that was started with plain `docker compose up`: hurt, put behind edges, and the same afterwards,
also when the harness is killed meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from shop_runs import SHOP, Run, docker

from harness.facts import Injected, ProjectCompared, Unavailable

pytestmark = pytest.mark.e2e

PROJECT = f"attach-{os.getpid()}"
DRILL = f"""\
drill: shop
stack: {{compose: [{SHOP}/compose.yaml]}}
load:
  locustfile: {SHOP}/locustfile.py
  against: web:8080
  arrivals: [{{for: 1m, rate: 5/s}}]
  max_in_flight: 20
  timeout: 3s
steady: {{for: 1s, within: 30s, all: [errors < 5%, p95 < 2s]}}
phases:
  - name: stopped
    for: 3s
    faults: [{{stop: {{service: store, grace: 1s}}}}]
    then: [{{recovers: {{within: 20s}}}}]
  - name: slow
    for: 3s
    faults: [{{latency: {{edge: web->store, delay: 300ms}}}}]
    then: [{{recovers: {{within: 20s}}}}]
expect: [{{log_seen: {{service: web, contains: ERROR store, within: 30s}}}}]
abort: {{max_duration: 3m}}
"""
COMPOSE = f"""\
services:
  web:
    build: {SHOP}
    command: [web]
    environment: {{STORE_HOST: store, TOKEN: a1b2c3d4e5f6}}
    depends_on: [store]
    networks: {{front: {{}}, back: {{aliases: [shopfront]}}}}
    volumes: [/var/lib/shop]
  store: {{build: {SHOP}, command: [store], networks: [back]}}
  till:
    build: {SHOP}
    command: [web]
    environment: {{STORE_HOST: toxiproxy}}
    networks: [back]
  toxiproxy:
    image: drill/toxiproxy:2.12.0
    command: [-host, 0.0.0.0, -config, /proxies.json]
    volumes: [./proxies.json:/proxies.json:ro]
    networks: [back]
networks: {{front: {{}}, back: {{}}}}
"""
PROXIES = '[{"name": "orders", "listen": "0.0.0.0:6379", "upstream": "store:6379", "enabled": true}]'
TILL = f"""\
drill: shop
stack: {{compose: [{SHOP}/compose.yaml]}}
load:
  locustfile: {SHOP}/locustfile.py
  against: till:8080
  arrivals: [{{for: 1m, rate: 5/s}}]
  max_in_flight: 20
  timeout: 3s
steady: {{for: 1s, within: 30s, all: [errors < 5%, p95 < 2s]}}
phases:
  - name: slow
    for: 3s
    faults: [{{latency: {{edge: till->store, delay: 300ms}}}}]
    expect: [{{responds_within: {{request: GET /item, p50: 2s}}}}]
abort: {{max_duration: 3m}}
"""
CHOSEN_ANEW = ("State", "NetworkSettings", "LogPath", "ResolvConfPath", "HostnamePath", "HostsPath", "RestartCount")
"""What Docker writes at each start of one and the same container."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The project, up as its user has it: on two networks, with a volume that has no name."""
    file = tmp_path_factory.mktemp("shop") / "compose.yaml"
    file.write_text(COMPOSE)
    file.with_name("proxies.json").write_text(PROXIES)
    compose = ("compose", "-p", PROJECT, "-f", str(file))
    docker(*compose, "up", "--detach", "--build", "--quiet-pull", "--wait")
    try:
        yield PROJECT
    finally:
        docker(*compose, "down", "--volumes", "--timeout", "1", "--rmi", "local")


def there(project: str) -> dict[str, Any]:
    """All that Docker keeps of the project's containers, by name, but for what it writes at each start."""
    ids = docker("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={project}").split()
    found = json.loads(docker("inspect", *ids))
    assert all(one["State"]["Status"] == "running" for one in found)
    return {one["Name"]: {key: value for key, value in one.items() if key not in CHOSEN_ANEW} for one in found}


def proxies(project: str) -> Any:
    """What the project's own Toxiproxy holds, one toxic of its owner's among it."""
    address = docker(
        "inspect", f"{project}-toxiproxy-1", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    )
    with requests.Session() as session:
        session.trust_env = False
        api = f"http://{address.strip()}:8474/proxies"
        theirs = {"name": "theirs", "type": "latency", "attributes": {"latency": 5}}
        session.post(f"{api}/orders/toxics", json=theirs, timeout=5)
        return session.get(api, timeout=5).json()


def prepared(home: Path, text: str = DRILL) -> Run:
    run = Run(home)
    home.mkdir()
    (home / "pyproject.toml").write_text("[tool.drill]\n")
    (home / "shop.yaml").write_text(text)
    return run


def test_the_plan_says_what_needs_an_edge_and_changes_nothing(shop: str, tmp_path: Path) -> None:
    run, before = prepared(tmp_path / "home"), there(shop)
    told = run.drill("plan", "shop.yaml", "--attach", shop, "--json")
    assert told.returncode == 0, told.stderr
    plan = json.loads(told.stdout)
    assert plan["inserted"] == []
    assert list(plan["unavailable"]) == ["slow/latency-web->store"]
    assert "--insert puts one there" in plan["unavailable"]["slow/latency-web->store"]
    assert there(shop) == before


def test_containers_and_edges_are_hurt_and_the_project_is_byte_for_byte_what_it_was(shop: str, tmp_path: Path) -> None:
    run, before = prepared(tmp_path / "home"), there(shop)
    run.options = ("--attach", shop, "--insert")
    run.finish(run.start(), lambda process: None)
    assert run.code == 0, run.said
    assert there(shop) == before
    assert [fact.differences for fact in run.journal.of(ProjectCompared)] == [()]
    assert not run.journal.of(Unavailable)
    landed = {fault["id"]: fault["landing"]["outcome"] for fault in run.verdict["faults"]}
    assert landed == {"stopped/stop-store": "landed", "slow/latency-web->store": "landed"}
    assert run.left() == []


def test_where_its_own_toxiproxy_stands_on_the_way_toxics_go_in_beside_its_own_and_out_again(
    shop: str, tmp_path: Path
) -> None:
    run, before, held = prepared(tmp_path / "home", TILL), there(shop), proxies(shop)
    assert [toxic["name"] for toxic in held["orders"]["toxics"]] == ["theirs"]
    run.options = ("--attach", shop)
    run.finish(run.start(), lambda process: None)
    assert run.code == 0, run.said
    assert [fault["landing"]["outcome"] for fault in run.verdict["faults"]] == ["landed"]
    assert (there(shop), proxies(shop)) == (before, held)
    assert run.left() == []


def test_a_harness_that_is_killed_leaves_a_project_that_mend_makes_what_it_was(shop: str, tmp_path: Path) -> None:
    run, before = prepared(tmp_path / "home"), there(shop)
    run.options = ("--attach", shop, "--insert")

    def kill(process: subprocess.Popen[bytes]) -> None:
        run.await_fact(process, Injected)
        assert "waits-for-drill" in docker("ps", "--all", "--format", "{{.Names}}")
        process.send_signal(signal.SIGKILL)

    run.finish(run.start(), kill)
    mended = run.drill("mend", str(run.folder))
    assert mended.returncode == 0, mended.stderr
    assert there(shop) == before
    assert run.left() == []
