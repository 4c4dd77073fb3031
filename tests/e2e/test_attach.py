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
steady: {{for: 2s, within: 30s, all: [errors < 5%, p95 < 2s]}}
phases:
  - name: stopped
    for: 3s
    faults: [{{stop: {{service: store, grace: 1s}}}}]
    then: [{{recovers: {{within: 20s}}}}]
  - name: slow
    for: 4s
    faults: [{{latency: {{edge: web->store, delay: 300ms}}}}]
    then: [{{recovers: {{within: 20s}}}}]
expect: [{{log_seen: {{service: web, contains: ERROR store, within: 30s}}}}]
abort: {{max_duration: 3m}}
"""
CHOSEN_ANEW = ("State", "NetworkSettings", "LogPath", "ResolvConfPath", "HostnamePath", "HostsPath", "RestartCount")
"""What Docker writes at each start of one and the same container."""


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """The project, up as its user has it."""
    compose = ("compose", "-p", PROJECT, "-f", str(SHOP / "compose.yaml"))
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


def prepared(home: Path) -> Run:
    run = Run(home)
    home.mkdir()
    (home / "pyproject.toml").write_text("[tool.drill]\n")
    (home / "shop.yaml").write_text(DRILL)
    return run


def test_the_plan_says_what_needs_an_edge_and_changes_nothing(shop: str, tmp_path: Path) -> None:
    run, before = prepared(tmp_path / "home"), there(shop)
    told = run.drill("plan", "shop.yaml", "--attach", shop)
    assert told.returncode == 0, told.stderr
    assert "absent" in told.stdout
    assert "--insert puts one there" in told.stdout
    with_edges = run.drill("plan", "shop.yaml", "--attach", shop, "--insert", "--json")
    assert json.loads(with_edges.stdout)["inserted"] == ["web->store"]
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
