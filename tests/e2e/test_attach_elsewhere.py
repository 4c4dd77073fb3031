"""`drill run --attach PROJECT --context NAME`: a project on another machine's Docker, reached by its context as a user reaches it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import test_attach
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
SLOW = """\
  - name: slow
    for: 3s
    faults: [{latency: {edge: web->store, delay: 300ms}}]
    then: [{recovers: {within: 20s}}]
"""
assert SLOW in test_attach.DRILL, "what needs an edge"
DRILL = test_attach.DRILL.replace(SLOW, "")


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
    run = test_attach.prepared(home, text)
    run.options = ("--attach", PROJECT, "--context", context)
    return run


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
