"""`drill run --attach PROJECT --context NAME`: a project on another machine's Docker, reached by its context as a user reaches it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from far_engine import Far, far_engine
from shop_runs import SHOP, Run, docker

from harness.facts import ProjectCompared

pytestmark = pytest.mark.e2e

PROJECT = "faraway"
IMAGE = "drill-test/far-shop"
COMPOSE = f"""\
services:
  web:
    image: {IMAGE}
    command: [web]
    environment: {{STORE_HOST: store}}
    ports: ["8080"]
  store: {{image: {IMAGE}, command: [store]}}
  private: {{image: {IMAGE}, command: [web], environment: {{STORE_HOST: store}}, ports: ["127.0.0.1::8080"]}}
"""
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
expect: [{{log_seen: {{service: web, contains: ERROR store, within: 30s}}}}]
abort: {{max_duration: 3m}}
"""


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """Another machine on which the project runs, started there with plain `docker compose up`."""
    file = tmp_path_factory.mktemp("far") / "compose.yaml"
    file.write_text(COMPOSE)
    docker("build", "--quiet", "--tag", IMAGE, str(SHOP))
    with far_engine() as engine:
        engine.take(IMAGE)
        engine.docker("compose", "-p", PROJECT, "-f", str(file), "up", "--detach", "--wait")
        yield engine
    docker("rmi", IMAGE)


def prepared(home: Path, context: str, text: str = DRILL) -> Run:
    home.mkdir()
    (home / "pyproject.toml").write_text("[tool.drill]\n")
    (home / "shop.yaml").write_text(text)
    return Run(home, ("--attach", PROJECT, "--context", context))


def test_a_project_on_another_machine_is_loaded_hurt_and_left_as_it_was(far: Far, tmp_path: Path) -> None:
    run, before = prepared(tmp_path / "home", far.context), far.docker("ps", "--all", "--quiet", "--no-trunc")
    run.finish(run.start(), lambda process: None)
    assert run.code == 0, run.said
    assert [fault["landing"]["outcome"] for fault in run.verdict["faults"]] == ["landed"]
    assert [fact.differences for fact in run.journal.of(ProjectCompared)] == [()]
    assert run.outcome("log_seen-web") == "passed"
    assert far.docker("ps", "--all", "--quiet", "--no-trunc") == before
    assert run.left() == []


def test_what_needs_a_look_from_inside_is_not_available_there(far: Far, tmp_path: Path) -> None:
    text = DRILL.replace("{stop: {service: store, grace: 1s}}", "{latency: {edge: web->store, delay: 300ms}}")
    run = prepared(tmp_path / "home", far.context, text)
    told = run.drill("plan", "shop.yaml", *run.options, "--json")
    assert told.returncode == 0, told.stderr
    assert "another machine" in json.loads(told.stdout)["unavailable"]["stopped/latency-web->store"]


def test_a_port_on_the_other_machines_loopback_is_not_taken_for_one_of_its_own(far: Far, tmp_path: Path) -> None:
    run = prepared(tmp_path / "home", far.context, DRILL.replace("against: web:8080", "against: private:8080"))
    told = run.drill("run", "shop.yaml", *run.options)
    assert told.returncode == 4, told.stderr
    assert "on its loopback alone" in told.stderr
